"""Tables → Altair charts. Pure: no page, no store. Every mark has a shape as well as a colour, every axis its unit."""
