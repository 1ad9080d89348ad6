/* SPDX-License-Identifier: MIT */
/* The parts that mend a header field, for each other. */
#ifndef FCT_MEND_FIELD_H
#define FCT_MEND_FIELD_H

#include "mime/header.h"
#include "mime/mend.h"

/* Write a text whose words stay as they are, folded where a blank is, or may be. */
void fct_mend_put_folded(fct_header *header, fct_slice text);

/*
 * Write words.  Those outside ASCII become encoded words, which are set apart from such as stand
 * there already.
 *
 * phrase   Whether this is a display name, where a word that is no atom is encoded, too.
 */
void fct_mend_put_words(fct_header *header, fct_slice text, bool phrase);

/*
 * Write a media type or a disposition and its parameters.
 *
 * value   UTF-8, unfolded.
 */
void fct_mend_put_parameters(fct_header *header, fct_slice value);

/*
 * Write a list of addresses.  False when none is left, so that the field is to be left out.
 *
 * name    The field's.
 * value   UTF-8, unfolded.
 */
bool fct_mend_put_addresses(fct_mend *mend, fct_header *header, fct_slice name, fct_slice value);

#endif
