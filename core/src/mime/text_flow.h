/* SPDX-License-Identifier: MIT */
/* The layout of plain text: words, pending line ends, quotes, list marks and footnotes of links. */
#ifndef FCT_TEXT_FLOW_H
#define FCT_TEXT_FLOW_H

#include "base/bytes.h"

#define FCT_FLOW_TAB 4           /* blanks */
#define FCT_FLOW_LEVELS 8        /* nested quotes and lists that still indent */
#define FCT_FLOW_RECENT_LINKS 16 /* a target met again among so many keeps its number */

/* The mark before each line of a quote or of a list's item. */
struct fct_flow_level {
    char mark[16]; /* "> ", "- ", "12. " */
    bool once;     /* a list's mark: later lines have blanks of its width */
    bool told;
};

/* All-zero is an empty flow.  out.failed is set when memory ran out. */
typedef struct fct_flow {
    fct_buf out;
    fct_buf notes;   /* the footnotes, a line each */
    size_t breaks;   /* line ends to write before the next word */
    bool space, gap; /* a blank, or the gap between two cells of a row, is to be written */
    size_t blanks;   /* to be written, within kept text */
    size_t depth;    /* levels entered; only the first FCT_FLOW_LEVELS indent */
    struct fct_flow_level levels[FCT_FLOW_LEVELS];
    size_t link_count;
    struct {
        size_t at, len; /* in notes */
    } links[FCT_FLOW_RECENT_LINKS];
} fct_flow;

/*
 * Add the words of UTF-8 text.  A run of white space, also of no-break spaces, becomes one blank.
 */
void fct_flow_words(fct_flow *flow, fct_slice text);
/* Add text and keep its blanks and line ends. */
void fct_flow_kept(fct_flow *flow, fct_slice text);

/* At least so many line ends follow: 1 ends a line, 2 leave one line empty. */
void fct_flow_break(fct_flow *flow, size_t lines);
void fct_flow_next_line(fct_flow *flow); /* one line end more */
void fct_flow_gap(fct_flow *flow);

void fct_flow_enter(fct_flow *flow, const char *mark, bool once);
void fct_flow_leave(fct_flow *flow);

/*
 * Add a footnote: the text since `start` (an earlier out.len) links to `target`.  None is needed
 * when the text itself is the target.
 */
void fct_flow_link(fct_flow *flow, size_t start, fct_slice target);

/*
 * The text with its footnotes and a line end, fct_malloc'ed.  The flow is empty afterwards.  NULL
 * when memory ran out.
 */
char *fct_flow_take(fct_flow *flow, size_t *len);
void fct_flow_done(fct_flow *flow);

#endif
