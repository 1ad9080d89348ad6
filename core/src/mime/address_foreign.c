/* SPDX-License-Identifier: MIT */
/* Address fields of other programs, which quote less than RFC 5322 section 3.4 wants. */
#include "base/error.h"
#include "mime/address.h"
#include "mime/field.h"

/* "Friends: ana@example.com": the name of a group stands before its first member. */
static fct_slice without_group(fct_slice item)
{
    size_t colon = fct_field_find_in(item, ":@");

    if (colon < item.len && item.ptr[colon] == ':')
        item = (fct_slice){item.ptr + colon + 1, item.len - colon - 1};
    return item;
}

static int add_item(fct_address_list *list, const char *field, fct_slice item)
{
    size_t open = fct_field_find_in(item, "<");

    if (open < item.len)
        item = (fct_slice){item.ptr + open, item.len - open};
    else
        item = without_group(item);
    item = fct_slice_trim(item);
    return item.len ? fct_address_list_add(list, field, (fct_slice){"", 0}, item, NULL) : 0;
}

static int read_as_meant(fct_address_list *list, const char *field, fct_slice text)
{
    struct fct_field_scan scan = {0};
    int result = 0;

    for (size_t at = 0; !result && at < text.len;) {
        size_t end = fct_field_find(&scan, text, at, ",;");

        result = add_item(list, field, (fct_slice){text.ptr + at, end - at});
        at = end + 1;
    }
    return result;
}

int fct_address_list_parse_foreign(fct_address_list *list, const char *field, fct_slice text,
                                   facteur_error **error)
{
    facteur_error *why = NULL;
    int result = fct_address_list_parse(list, field, text, &why);

    if (result == FACTEUR_EMESSAGE)
        result = read_as_meant(list, field, text);
    if (result)
        fct_address_list_done(list);
    if (result == FACTEUR_EMESSAGE)
        return fct_error_pass(error, result, why);
    facteur_error_free(why);
    return result ? fct_error_nomem(error) : 0;
}
