/* SPDX-License-Identifier: MIT */
/* Address lists: whatever is read is safe on the wire, and reads back as itself. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mime/address.h"
#include "mime/header.h"
#include "mime/limits.h"
#include "mime/token.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void check_address(const char *address)
{
    fct_buf again = {0};

    require(strlen(address) <= FCT_MAX_ADDRESS && !fct_has_control(fct_slice_of(address)));
    require(fct_address_parse_one(&again, "to", fct_slice_of(address), NULL) == 0);
    require(strcmp(again.ptr, address) == 0);
    fct_buf_done(&again);
}

static void check_written(const fct_address_list *list)
{
    fct_address_list back = {0};
    fct_header header;
    fct_buf out = {0}, unfolded = {0};

    fct_header_begin(&header, &out, "To");
    fct_header_addresses(&header, list);
    for (size_t i = 3; i < out.len; i++) {
        if (out.ptr[i] == '\r') {
            require(out.ptr[i + 1] == '\n' && out.ptr[i + 2] == ' ');
            i++;
        } else {
            require(out.ptr[i] != '\n');
            fct_buf_add_char(&unfolded, out.ptr[i]);
        }
    }
    require(fct_address_list_parse(&back, "to", (fct_slice){unfolded.ptr, unfolded.len}, NULL) ==
            0);
    require(back.count == list->count);
    for (size_t i = 0; i < back.count; i++) {
        require(back.items[i].kind == list->items[i].kind);
        if (back.items[i].address)
            require(strcmp(back.items[i].address, list->items[i].address) == 0);
    }
    fct_address_list_done(&back);
    fct_buf_done(&out);
    fct_buf_done(&unfolded);
}

/* What is read strictly is read the same as foreign; what is not holds proper addresses still. */
static void check_foreign(const fct_address_list *strict, int refused, fct_slice text)
{
    fct_address_list list = {0};
    int result = fct_address_list_parse_foreign(&list, "to", text, NULL);

    require(result == 0 || (refused && list.count == 0));
    require(refused || list.count == strict->count);
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i].address)
            check_address(list.items[i].address);
    }
    fct_address_list_done(&list);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    fct_address_list list = {0};
    int result = fct_address_list_parse(&list, "to", (fct_slice){(const char *)data, size}, NULL);

    require(result == 0 || list.count == 0);
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i].name)
            require(!fct_has_control(fct_slice_of(list.items[i].name)));
        if (list.items[i].address)
            check_address(list.items[i].address);
    }
    check_written(&list);
    check_foreign(&list, result, (fct_slice){(const char *)data, size});
    fct_address_list_done(&list);
    return 0;
}
