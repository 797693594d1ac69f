"""Export to data files, and the bundle: data, codebook, questionnaire, rates and metadata in one folder or archive."""
