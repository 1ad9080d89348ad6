/* SPDX-License-Identifier: MIT */
/* A contact form as core/schema/contact.json describes it.  All of it is a visitor's: hostile. */
#ifndef FCT_CONTACT_H
#define FCT_CONTACT_H

#include "letters/shape.h"
#include "letters/template.h"

struct fct_contact_field {
    fct_slice name, value;
};

struct fct_contact {
    fct_slice name, email, subject, message, page_url, ip, user_agent, locale, token, trap;
    struct fct_series fields; /* struct fct_contact_field */
};

extern const struct fct_shape fct_contact_shape;

#endif
