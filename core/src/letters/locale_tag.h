/* SPDX-License-Identifier: MIT */
/* Reading the name of a locale as people and programs write it. */
#ifndef FCT_LOCALE_TAG_H
#define FCT_LOCALE_TAG_H

#include "base/bytes.h"

#define FCT_TAG_MAX 64

/*
 * The tag of BCP 47 that is meant, in lower case; false when none is.  Taken are "pt-BR", "PT_br",
 * POSIX's "pt_BR.UTF-8" and "sr_RS@latin" ("C" is English), and an Accept-Language header (RFC 9110
 * section 12.5.4): of that the best range whose language has a catalogue, else the best one.
 */
bool fct_locale_tag(fct_slice text, char tag[FCT_TAG_MAX]);

#endif
