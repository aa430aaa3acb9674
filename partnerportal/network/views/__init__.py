"""Pages of the partner network: `public` for visitors, `company` for the agency's members."""
