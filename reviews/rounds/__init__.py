"""Review rounds and automatic requests: a slice of the reviews app.

tasks → automatic → runner → services | queries → hours | models
"""
