/* SPDX-License-Identifier: MIT */
/*
 * The caps of a message, all in one place.  A message that passes one is refused with
 * FACTEUR_EMESSAGE.
 */
#ifndef FCT_LIMITS_H
#define FCT_LIMITS_H

#define FCT_MAX_RECIPIENTS 10000   /* of a mail, and of entries in one address field */
#define FCT_MAX_HEADERS 1000       /* headers of the user's own */
#define FCT_MAX_HEADER_VALUE 65536 /* bytes of one value, display names included */
#define FCT_MAX_HEADER_NAME 76     /* "Name:" fits its line */
#define FCT_MAX_PARTS 1000         /* attachments and inline parts */
#define FCT_MAX_ALTERNATIVES 8     /* to the text, besides HTML */
#define FCT_MAX_ADDRESS 254        /* RFC 5321 section 4.5.3.1.3, without the angle brackets */
#define FCT_MAX_ID 250             /* message ids and content ids */
#define FCT_MAX_FILE_NAME 1024
#define FCT_MAX_MEDIA_TYPE 255
#define FCT_MAX_LABELS 100    /* tags and metadata; each provider has its own, lower limit */
#define FCT_MAX_LABEL 1000    /* bytes of a tag or of a metadatum's value */
#define FCT_MAX_LABEL_NAME 60 /* of a metadatum; it can be a part of a header's name */
#define FCT_MAX_URI 900       /* of list_unsubscribe; it must fit a line */
#define FCT_MAX_URIS 10

/* Of HTML from which a text is made. */
#define FCT_MAX_HTML (8U << 20)     /* bytes; libxml2 looks 10 MB ahead at the most */
#define FCT_MAX_HTML_DEPTH 1024     /* elements within each other */
#define FCT_MAX_HTML_ATTRIBUTES 512 /* of a tag longer than 4 KiB */

#define FCT_LINE_FOLD 78    /* RFC 5322 section 2.1.1 */
#define FCT_LINE_ENCODED 76 /* RFC 2045 section 6.7, RFC 2047 section 2 */
#define FCT_LINE_MAX 998    /* RFC 5322 section 2.1.1 */

#endif
