/* SPDX-License-Identifier: MIT */
/* The site's own words: texts of the catalogue that a letter's option "words" replaces, key by key.
 */
#ifndef FCT_OWN_WORDS_H
#define FCT_OWN_WORDS_H

#include "letters/catalogue.h"
#include "letters/shape.h"

/*
 * Put the words into a copy of the catalogue.
 *
 * words       An object: a text by its key; "" or false switches it off, null leaves it as it is.
 *             The forms of a plural are an object, or one text for all.  An object by the tag of a
 *             locale has words for letters in that language, and they come before the others.
 *
 * catalogue   In: the letter's.  Out: the copy, whose texts are in the arena.
 *
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE with "words.KEY" as `where` when there is no such
 * text (the error names the nearest) or the value is none.
 */
int fct_own_words_put(const struct fct_reading *reading, const json_t *words,
                      struct fct_catalogue *catalogue);

#endif
