/* SPDX-License-Identifier: MIT */
/*
 * Lays out plain text.  Blanks and line ends wait until a word comes, so that no line ends in a
 * blank and an empty element leaves no trace.  Lines are not wrapped: the reader's window does
 * that.
 */
#include "mime/text_flow.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_marks(fct_flow *flow)
{
    size_t count = flow->depth < FCT_FLOW_LEVELS ? flow->depth : FCT_FLOW_LEVELS;

    for (size_t i = 0; i < count; i++) {
        struct fct_flow_level *level = &flow->levels[i];

        if (level->once && level->told) {
            for (size_t n = strlen(level->mark); n; n--)
                fct_buf_add_char(&flow->out, ' ');
        } else {
            fct_buf_add_text(&flow->out, level->mark);
        }
        level->told = true;
    }
}

/* Write the blanks and line ends that waited for this word. */
static void settle(fct_flow *flow)
{
    bool fresh = flow->out.len == 0 || flow->breaks;

    if (flow->out.len) {
        for (; flow->breaks; flow->breaks--)
            fct_buf_add_char(&flow->out, '\n');
    }
    if (fresh)
        put_marks(flow);
    else if (flow->gap || flow->space)
        fct_buf_add_text(&flow->out, flow->gap ? "  " : " ");
    flow->breaks = 0;
    flow->gap = flow->space = false;
}

enum kind { BLANK, FILLER, SIGN };

/* Fillers are invisible.  Newsletters put rows of them after their first line. */
static enum kind kind_of(uint32_t code)
{
    if (code <= 0x20 || (code >= 0x7f && code <= 0xa0) || code == 0x2028 || code == 0x2029)
        return BLANK;
    if (code == 0xad || code == 0x34f || code == 0x200b || code == 0xfeff)
        return FILLER;
    return SIGN;
}

void fct_flow_words(fct_flow *flow, fct_slice text)
{
    uint32_t code;
    size_t len;

    for (size_t at = 0; at < text.len; at += len) {
        len = fct_utf8_next((fct_slice){text.ptr + at, text.len - at}, &code);
        if (!len)
            return;
        switch (kind_of(code)) {
        case BLANK:
            flow->space = true;
            break;
        case FILLER:
            break;
        case SIGN:
            flow->space |= flow->blanks > 0;
            flow->blanks = 0;
            if (flow->space || flow->breaks || flow->gap || !flow->out.len)
                settle(flow);
            fct_buf_add(&flow->out, text.ptr + at, len);
        }
    }
}

void fct_flow_kept(fct_flow *flow, fct_slice text)
{
    for (size_t at = 0; at < text.len; at++) {
        unsigned char byte = (unsigned char)text.ptr[at];

        if (byte == '\n') {
            fct_flow_next_line(flow);
            flow->blanks = 0;
        } else if (byte == ' ' || byte == '\t') {
            flow->blanks += byte == ' ' ? 1 : FCT_FLOW_TAB;
        } else if (byte > ' ' && byte != 0x7f) {
            if (flow->breaks || flow->space || !flow->out.len)
                settle(flow);
            for (; flow->blanks; flow->blanks--)
                fct_buf_add_char(&flow->out, ' ');
            fct_buf_add_char(&flow->out, (char)byte);
        }
    }
}

void fct_flow_break(fct_flow *flow, size_t lines)
{
    if (flow->breaks < lines)
        flow->breaks = lines;
}

void fct_flow_next_line(fct_flow *flow)
{
    flow->breaks++;
}

void fct_flow_gap(fct_flow *flow)
{
    flow->gap = true;
}

void fct_flow_enter(fct_flow *flow, const char *mark, bool once)
{
    if (flow->depth++ < FCT_FLOW_LEVELS) {
        struct fct_flow_level *level = &flow->levels[flow->depth - 1];

        snprintf(level->mark, sizeof level->mark, "%s", mark);
        level->once = once;
        level->told = false;
    }
}

void fct_flow_leave(fct_flow *flow)
{
    flow->depth--;
}

/* ---- Links ----------------------------------------------------------------------------------- */

/* Whether a text already shows its target, as "shop.example" does for "https://shop.example/". */
static fct_slice essence(fct_slice target)
{
    static const char *const schemes[] = {"https://", "http://", "mailto:", "tel:"};

    target = fct_slice_trim(target);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        fct_slice scheme = fct_slice_of(schemes[i]);

        if (fct_slice_starts_nocase(target, scheme)) {
            target.ptr += scheme.len;
            target.len -= scheme.len;
            break;
        }
    }
    if (target.len && target.ptr[target.len - 1] == '/')
        target.len--;
    return target;
}

static fct_slice note_of(const fct_flow *flow, size_t number)
{
    size_t slot = number % FCT_FLOW_RECENT_LINKS;

    return (fct_slice){flow->notes.ptr + flow->links[slot].at, flow->links[slot].len};
}

/* The number of a target's footnote, counted from 1. */
static size_t number_of(fct_flow *flow, fct_slice target)
{
    size_t oldest =
        flow->link_count < FCT_FLOW_RECENT_LINKS ? 0 : flow->link_count - FCT_FLOW_RECENT_LINKS;
    size_t slot = flow->link_count % FCT_FLOW_RECENT_LINKS;

    for (size_t i = flow->link_count; i > oldest; i--) {
        if (fct_slice_equal(note_of(flow, i - 1), target))
            return i;
    }
    fct_buf_addf(&flow->notes, "[%zu] ", flow->link_count + 1);
    flow->links[slot].at = flow->notes.len;
    flow->links[slot].len = target.len;
    fct_buf_add_slice(&flow->notes, target);
    fct_buf_add_char(&flow->notes, '\n');
    return ++flow->link_count;
}

void fct_flow_link(fct_flow *flow, size_t start, fct_slice target)
{
    fct_slice text = {flow->out.ptr ? flow->out.ptr + start : "", flow->out.len - start};
    size_t number;

    while (text.len && (text.ptr[0] == '\n' || text.ptr[0] == ' ')) {
        text.ptr++;
        text.len--;
    }
    if (fct_slice_equal_nocase(essence(text), essence(target)))
        return;
    if (!text.len)
        settle(flow);
    number = number_of(flow, target);
    if (!flow->notes.failed)
        fct_buf_addf(&flow->out, "%s[%zu]", text.len ? " " : "", number);
}

char *fct_flow_take(fct_flow *flow, size_t *len)
{
    char *text;

    if (flow->notes.len) {
        fct_buf_add_text(&flow->out, flow->out.len ? "\n\n" : "");
        fct_buf_add(&flow->out, flow->notes.ptr, flow->notes.len);
    } else if (flow->out.len) {
        fct_buf_add_char(&flow->out, '\n');
    }
    flow->out.failed |= flow->notes.failed;
    text = fct_buf_take(&flow->out, len);
    fct_flow_done(flow);
    return text;
}

void fct_flow_done(fct_flow *flow)
{
    fct_buf_done(&flow->out);
    fct_buf_done(&flow->notes);
    *flow = (fct_flow){0};
}
