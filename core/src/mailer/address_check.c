/* SPDX-License-Identifier: MIT */
/* The check of one address from a form, as JSON. */
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "mime/address.h"
#include "mime/address_hint.h"
#include "mime/builder.h"

static json_t *text_or_null(const fct_buf *text)
{
    return text->len ? json_stringn(text->ptr, text->len) : json_null();
}

static char *write_json(const fct_buf *wire, const fct_buf *hint, const char *reason)
{
    json_t *root = json_object();

    if (!root || fct_json_set(root, "valid", json_boolean(wire->len > 0)) ||
        fct_json_set(root, "address", text_or_null(wire)) ||
        fct_json_set(root, "hint", text_or_null(hint)) ||
        fct_json_set(root, "reason", reason ? fct_json_text(reason) : json_null()) ||
        fct_json_set(root, "smtputf8",
                     json_boolean(wire->len && !fct_is_ascii((fct_slice){wire->ptr, wire->len})))) {
        json_decref(root);
        return NULL;
    }
    return fct_json_take(root);
}

int facteur_address_check(const char *address, size_t len, char **json)
{
    fct_slice typed = fct_argument(address, len);
    fct_buf wire = {0}, hint = {0};
    facteur_error *refusal = NULL;
    const char *doubt = NULL;
    char *text = NULL;
    int result = fct_address_parse_one(&wire, "address", typed, &refusal);

    if (result != FACTEUR_ENOMEM)
        result = fct_address_hint(&hint, typed, &doubt);
    if (!result)
        text = write_json(&wire, &hint, refusal ? facteur_error_message(refusal) : doubt);
    fct_buf_done(&wire);
    fct_buf_done(&hint);
    facteur_error_free(refusal);
    if (!text)
        return FACTEUR_ENOMEM;
    *json = text;
    return 0;
}
