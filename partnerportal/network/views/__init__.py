"""Pages of the partner network: `public` for everybody, `company` for the agency's own people."""
