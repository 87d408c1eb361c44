"""Demo data: any number of fictional people and articles, to measure speed and growth of the site."""
