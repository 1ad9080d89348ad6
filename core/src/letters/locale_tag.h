/* SPDX-License-Identifier: MIT */
/* Reads the name of a locale as people and programs write it. */
#ifndef FCT_LOCALE_TAG_H
#define FCT_LOCALE_TAG_H

#include "base/bytes.h"

#define FCT_TAG_MAX 64

/*
 * Find the BCP 47 tag that is meant, in lower case.  Returns false when there is none.  It reads
 * "pt-BR", "PT_br", POSIX's "pt_BR.UTF-8" and "sr_RS@latin" ("C" is English), and an
 * Accept-Language header (RFC 9110 section 12.5.4), of which it takes the best range whose language
 * has a catalogue, else the best one.
 */
bool fct_locale_tag(fct_slice text, char tag[FCT_TAG_MAX]);

#endif
