/* SPDX-License-Identifier: MIT */
#include "outbox/bar.h"

#include "base/error.h"
#include "base/memory.h"
#include "mime/address.h"

const char *fct_bar_word(enum fct_bar_what what)
{
    return what == FCT_BAR_ADDRESS ? "address" : "relay";
}

int fct_bar_address(const char *address, char **name, facteur_error **error)
{
    fct_buf wire = {0};
    int result = fct_address_parse_one(&wire, "address", fct_slice_of(address), error);

    for (size_t i = 0; !result && i < wire.len; i++)
        wire.ptr[i] = (char)fct_ascii_lower(wire.ptr[i]);
    if (!result)
        *name = fct_buf_take(&wire, NULL);
    if (!result && !*name)
        result = fct_error_nomem(error);
    fct_buf_done(&wire);
    return result;
}

struct fct_bar *fct_bars_add(struct fct_bars *bars)
{
    if (bars->count == bars->room) {
        size_t room = bars->room ? 2 * bars->room : 16;
        struct fct_bar *more = fct_reallocarray(bars->bars, room, sizeof *more);

        if (!more)
            return NULL;
        bars->bars = more;
        bars->room = room;
    }
    bars->bars[bars->count] = (struct fct_bar){0};
    return &bars->bars[bars->count++];
}

void fct_bars_done(struct fct_bars *bars)
{
    for (size_t i = 0; i < bars->count; i++) {
        fct_free(bars->bars[i].name);
        fct_free(bars->bars[i].reason);
    }
    fct_free(bars->bars);
    *bars = (struct fct_bars){0};
}
