/* Empty on purpose: pocketsphinx headers are seen by CRecognition's .c files only. */
