"""Report models: topline, banner, codebook, rates and fieldwork status as values. Nothing is fetched or laid out."""
