"""The same plan with and without a mitigation, compared in pairs: design → arms → effects → checks → verdict."""
