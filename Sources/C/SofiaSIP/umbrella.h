/* Empty on purpose: sofia-sip's headers are seen by CSofiaSIP's .c files only. */
