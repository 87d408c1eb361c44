"""Made-up people and articles, as many as somebody asks for: what the speed and the growth of the site are seen on."""
