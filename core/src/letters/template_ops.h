/* SPDX-License-Identifier: MIT */
/* The compiled form of a template. */
#ifndef FCT_TEMPLATE_OPS_H
#define FCT_TEMPLATE_OPS_H

#include "letters/template.h"

#define FCT_TEMPLATE_DEPTH 16 /* sections within sections, and templates within templates */

enum fct_template_kind {
    FCT_OP_LITERAL,
    FCT_OP_VALUE,
    FCT_OP_LABEL,
    FCT_OP_SECTION,
    FCT_OP_INVERTED
};

struct fct_template_op {
    enum fct_template_kind kind;
    fct_slice text; /* the literal, or the name */
    size_t end;     /* a section: the operation after it */
    size_t key;     /* a label, or the section of one: the text's; else FCT_NO_KEY */
};

struct fct_template {
    struct fct_template_op *ops;
    size_t count;
    size_t cap;
    bool html;
};

#endif
