/* SPDX-License-Identifier: MIT */
/* Plain text as it is laid out: words, owed line ends, quotes, list marks and footnotes of links.
 */
#ifndef FCT_TEXT_FLOW_H
#define FCT_TEXT_FLOW_H

#include "base/bytes.h"

#define FCT_FLOW_TAB 4           /* blanks */
#define FCT_FLOW_LEVELS 8        /* quotes and lists within each other that still indent */
#define FCT_FLOW_RECENT_LINKS 16 /* among so many, a target met again keeps its number */

/* What stands before each line of a quote or of a list's item. */
struct fct_flow_level {
    char mark[16]; /* "> ", "- ", "12. " */
    bool once;     /* a list's mark: blanks of its width on the lines that follow */
    bool told;
};

/* All-zero is an empty flow; out.failed tells of memory that ran out. */
typedef struct fct_flow {
    fct_buf out;
    fct_buf notes;   /* the footnotes, a line each */
    size_t breaks;   /* line ends owed before the next word */
    bool space, gap; /* a blank is owed, or the gap between two cells of a row */
    size_t blanks;   /* owed within kept text */
    size_t depth;    /* levels entered, of which the first FCT_FLOW_LEVELS count */
    struct fct_flow_level levels[FCT_FLOW_LEVELS];
    size_t link_count;
    struct {
        size_t at, len; /* in notes */
    } links[FCT_FLOW_RECENT_LINKS];
} fct_flow;

/* Words of UTF-8 text: runs of white space, no-break ones too, become one blank. */
void fct_flow_words(fct_flow *flow, fct_slice text);
/* Text whose blanks and line ends are kept. */
void fct_flow_kept(fct_flow *flow, fct_slice text);

void fct_flow_break(fct_flow *flow, size_t lines); /* at least: 1 ends a line, 2 leave one empty */
void fct_flow_next_line(fct_flow *flow);           /* one more */
void fct_flow_gap(fct_flow *flow);

void fct_flow_enter(fct_flow *flow, const char *mark, bool once);
void fct_flow_leave(fct_flow *flow);

/* The text since `start` (an earlier out.len) leads to `target`: a footnote, unless it says so. */
void fct_flow_link(fct_flow *flow, size_t start, fct_slice target);

/* The text with its footnotes and a line end; fct_malloc'ed, the flow is done.  NULL: no memory. */
char *fct_flow_take(fct_flow *flow, size_t *len);
void fct_flow_done(fct_flow *flow);

#endif
