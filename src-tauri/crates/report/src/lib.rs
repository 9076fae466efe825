//! Trends as pictures: PNG and SVG, over plotters.
