/* SPDX-License-Identifier: MIT */
/*
 * The text alternative of an HTML body.  libxml2's HTML parser is fed step by step and reports
 * elements and words without building a tree; the flow lays them out.  libxml2 compares each
 * attribute of a tag with those before it, and each end tag with every open element.  The caps keep
 * both linear.
 */
#include "mime/html_text.h"

#include "base/error.h"
#include "base/memory.h"
#include "mime/limits.h"
#include "mime/text_flow.h"

#include <ctype.h>
#include <libxml/HTMLparser.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 4096

enum trait {
    LINE = 1,      /* on lines of its own */
    PARAGRAPH = 2, /* with an empty line before and behind */
    UNREAD = 4,    /* nobody reads its content */
    KEPT = 8,      /* blanks and line ends as they are */
    QUOTE = 16,
    LIST = 32,
    NUMBERED = 64,
    ITEM = 128,
    CELL = 256,
    LINK = 512,
    RULE = 1024,
    IMAGE = 2048,
    LINE_END = 4096
};

/* By name.  The content of any other element flows with the words around it. */
static const struct kind {
    const char *name;
    unsigned traits;
} kinds[] = {
    {"a", LINK},
    {"address", LINE},
    {"article", LINE},
    {"aside", LINE},
    {"blockquote", PARAGRAPH | QUOTE},
    {"br", LINE_END},
    {"caption", LINE},
    {"center", LINE},
    {"dd", LINE},
    {"div", LINE},
    {"dl", PARAGRAPH},
    {"dt", LINE},
    {"fieldset", LINE},
    {"figcaption", LINE},
    {"figure", PARAGRAPH},
    {"footer", LINE},
    {"form", LINE},
    {"h1", PARAGRAPH},
    {"h2", PARAGRAPH},
    {"h3", PARAGRAPH},
    {"h4", PARAGRAPH},
    {"h5", PARAGRAPH},
    {"h6", PARAGRAPH},
    {"head", UNREAD},
    {"header", LINE},
    {"hr", RULE | LINE},
    {"iframe", UNREAD},
    {"img", IMAGE},
    {"li", LINE | ITEM},
    {"main", LINE},
    {"nav", LINE},
    {"object", UNREAD},
    {"ol", LIST | NUMBERED},
    {"option", UNREAD},
    {"p", PARAGRAPH},
    {"pre", PARAGRAPH | KEPT},
    {"script", UNREAD},
    {"section", LINE},
    {"select", UNREAD},
    {"style", UNREAD},
    {"svg", UNREAD},
    {"table", LINE},
    {"td", CELL},
    {"template", UNREAD},
    {"textarea", UNREAD},
    {"th", CELL},
    {"title", UNREAD},
    {"tr", LINE},
    {"ul", LIST},
};

struct element {
    unsigned traits;
    unsigned next;         /* a numbered list's next item */
    size_t start;          /* a link's text in the flow */
    size_t href, href_len; /* in the reader's hrefs */
};

struct reader {
    fct_flow flow;
    fct_buf hrefs; /* of the open links */
    xmlParserCtxt *parser;
    struct element open[FCT_MAX_HTML_DEPTH];
    size_t depth, unread, kept;
    bool too_deep;
    bool entered; /* in kept text whose first line end does not count */
};

static int compare_name(const void *key, const void *kind)
{
    return strcmp(key, ((const struct kind *)kind)->name);
}

static unsigned traits_of(const xmlChar *name)
{
    const char *colon = strchr((const char *)name, ':');
    /* Office writes "o:p" where it means "p". */
    const char *local = colon ? colon + 1 : (const char *)name;
    const struct kind *kind =
        bsearch(local, kinds, sizeof kinds / sizeof kinds[0], sizeof kinds[0], compare_name);

    return kind ? kind->traits : 0;
}

static const char *attribute(const xmlChar **attributes, const char *name)
{
    for (size_t i = 0; attributes && attributes[i]; i += 2) {
        if (strcmp((const char *)attributes[i], name) == 0)
            return attributes[i + 1] ? (const char *)attributes[i + 1] : "";
    }
    return NULL;
}

/* Whether a style has "display: none", with blanks anywhere. */
static bool is_undisplayed(const char *style)
{
    static const char wanted[] = "display:none";
    size_t matched = 0;

    for (; *style; style++) {
        if (isspace((unsigned char)*style))
            continue;
        matched = tolower((unsigned char)*style) == wanted[matched] ? matched + 1
                  : tolower((unsigned char)*style) == wanted[0]     ? 1
                                                                    : 0;
        if (!wanted[matched])
            return true;
    }
    return false;
}

static bool is_hidden(const xmlChar **attributes)
{
    const char *style = attribute(attributes, "style");

    return attribute(attributes, "hidden") || (style && is_undisplayed(style));
}

/* ---- Elements -------------------------------------------------------------------------------- */

/* The target of a link, when a reader of plain text can follow it. */
static void open_link(struct reader *reader, struct element *element, const char *href)
{
    fct_slice target = fct_slice_trim(fct_slice_of(href ? href : ""));

    element->start = reader->flow.out.len;
    element->href = reader->hrefs.len;
    if (target.len && target.ptr[0] != '#' &&
        !fct_slice_starts_nocase(target, FCT_SLICE("javascript:"))) {
        for (size_t i = 0; i < target.len; i++) {
            if (target.ptr[i] == ' ')
                fct_buf_add_text(&reader->hrefs, "%20");
            else if ((unsigned char)target.ptr[i] > ' ' && target.ptr[i] != 0x7f)
                fct_buf_add_char(&reader->hrefs, target.ptr[i]);
        }
    }
    element->href_len = reader->hrefs.len - element->href;
}

static void close_link(struct reader *reader, const struct element *element)
{
    if (element->href_len && !reader->hrefs.failed)
        fct_flow_link(&reader->flow, element->start,
                      (fct_slice){reader->hrefs.ptr + element->href, element->href_len});
    reader->hrefs.len = element->href;
}

static bool is_in_list(const struct reader *reader)
{
    for (size_t i = reader->depth; i; i--) {
        if (reader->open[i - 1].traits & LIST)
            return true;
    }
    return false;
}

static void open_item(struct reader *reader)
{
    char mark[16] = "- ";

    for (size_t i = reader->depth; i; i--) {
        struct element *list = &reader->open[i - 1];

        if (!(list->traits & LIST))
            continue;
        if (list->traits & NUMBERED)
            snprintf(mark, sizeof mark, "%u. ", list->next++);
        break;
    }
    fct_flow_enter(&reader->flow, mark, true);
}

static void open_element(struct reader *reader, struct element *element, const xmlChar **attributes)
{
    fct_flow *flow = &reader->flow;
    const char *text;

    if (element->traits & (LINE | PARAGRAPH))
        fct_flow_break(flow, element->traits & PARAGRAPH ? 2 : 1);
    if (element->traits & LIST)
        fct_flow_break(flow, is_in_list(reader) ? 1 : 2);
    if (element->traits & NUMBERED) {
        text = attribute(attributes, "start");
        element->next =
            text && fct_is_digit(*text) ? (unsigned)strtoul(text, NULL, 10) % 1000000 : 1;
    }
    if (element->traits & QUOTE)
        fct_flow_enter(flow, "> ", false);
    if (element->traits & ITEM)
        open_item(reader);
    if (element->traits & LINK)
        open_link(reader, element, attribute(attributes, "href"));
    if (element->traits & RULE)
        fct_flow_words(flow, FCT_SLICE("----------"));
    if (element->traits & LINE_END)
        fct_flow_next_line(flow);
    if (element->traits & IMAGE && (text = attribute(attributes, "alt")))
        fct_flow_words(flow, fct_slice_of(text));
}

static void close_element(struct reader *reader, const struct element *element)
{
    fct_flow *flow = &reader->flow;

    if (element->traits & LINK)
        close_link(reader, element);
    if (element->traits & (ITEM | QUOTE))
        fct_flow_leave(flow);
    if (element->traits & CELL)
        fct_flow_gap(flow);
    if (element->traits & (LINE | PARAGRAPH))
        fct_flow_break(flow, element->traits & PARAGRAPH ? 2 : 1);
    if (element->traits & LIST)
        fct_flow_break(flow, is_in_list(reader) ? 1 : 2);
}

static void on_start(void *user, const xmlChar *name, const xmlChar **attributes)
{
    struct reader *reader = user;
    struct element element = {.traits = traits_of(name)};

    if (reader->depth == FCT_MAX_HTML_DEPTH) {
        reader->too_deep = true;
        xmlStopParser(reader->parser);
        return;
    }
    if (is_hidden(attributes))
        element.traits |= UNREAD;
    if (!reader->unread && !(element.traits & UNREAD))
        open_element(reader, &element, attributes);
    reader->unread += (element.traits & UNREAD) != 0;
    reader->entered = (element.traits & KEPT) != 0;
    reader->kept += reader->entered;
    reader->open[reader->depth++] = element;
}

static void on_end(void *user, const xmlChar *name)
{
    struct reader *reader = user;
    struct element element;

    (void)name;
    if (!reader->depth)
        return;
    element = reader->open[--reader->depth];
    reader->unread -= (element.traits & UNREAD) != 0;
    reader->kept -= (element.traits & KEPT) != 0;
    if (!reader->unread && !(element.traits & UNREAD))
        close_element(reader, &element);
}

static void on_text(void *user, const xmlChar *text, int len)
{
    struct reader *reader = user;
    fct_slice words = {(const char *)text, (size_t)len};

    if (reader->unread)
        return;
    if (!reader->kept) {
        fct_flow_words(&reader->flow, words);
        return;
    }
    if (reader->entered && words.len && words.ptr[0] == '\n')
        words = (fct_slice){words.ptr + 1, words.len - 1};
    reader->entered = false;
    fct_flow_kept(&reader->flow, words);
}

/*
 * Without a handler of ours, libxml2 sends its complaints to the one that the process has set for
 * itself.
 */
#if LIBXML_VERSION >= 21200
static void on_complaint(void *user, const xmlError *complaint)
#else
static void on_complaint(void *user, xmlError *complaint)
#endif
{
    (void)user;
    (void)complaint;
}

/* ---- The parser ------------------------------------------------------------------------------ */

/* An attribute ends at a blank or a quote, so there are at most as many attributes. */
static bool is_attribute_end(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == '"' || byte == '\'';
}

/* The bytes that were pushed and are not parsed yet. */
struct pending {
    size_t at;   /* where it starts */
    size_t seen; /* up to here its attributes are counted */
    size_t ends;
    bool tag;
};

/* How many of the pushed octets are parsed. */
static size_t parsed_len(xmlParserCtxt *parser, size_t pushed)
{
#if LIBXML_VERSION >= 21500
    unsigned long parsed;
    bool known = xmlCtxtGetInputPosition(parser, 0, NULL, NULL, NULL, &parsed) == 0;
#else
    long parsed = xmlByteConsumed(parser);
    bool known = parsed >= 0;
#endif

    return known && (size_t)parsed < pushed ? (size_t)parsed : pushed;
}

static void look_at_pending(struct pending *pending, fct_slice html, size_t pushed, size_t parsed)
{
    if (parsed > pending->at)
        *pending = (struct pending){.at = parsed, .seen = parsed};
    pending->tag = pushed - parsed > 1 && html.ptr[parsed] == '<' &&
                   fct_is_alpha((unsigned char)html.ptr[parsed + 1]);
    for (; pending->seen < pushed; pending->seen++)
        pending->ends += is_attribute_end(html.ptr[pending->seen]);
}

/*
 * Where to end a push: at a tag's start, because libxml2 2.9 forgets between two pushes that it was
 * within quotes.  A tag longer than CHUNK is pushed whole unless it has many attributes.
 */
static size_t piece_len(fct_slice left)
{
    size_t len = CHUNK, ends = 0;

    while (len && left.ptr[len] != '<')
        len--;
    if (len)
        return len;
    for (len = 1; len < left.len && left.ptr[len] != '<'; len++) {
        ends += is_attribute_end(left.ptr[len]);
        if (ends > FCT_MAX_HTML_ATTRIBUTES && len >= CHUNK)
            break;
    }
    return len;
}

static size_t push_len(const struct pending *pending, size_t at, fct_slice left)
{
    size_t len = left.len <= CHUNK ? left.len : piece_len(left);

    /* libxml2 searches the end of a script or comment from its start at each push. */
    if (!pending->tag && len < at - pending->at)
        len = at - pending->at;
    return len < left.len ? len : left.len;
}

static int refuse(facteur_error **error, const char *cap, unsigned most)
{
    return fct_error_set(error, FACTEUR_EMESSAGE, "html",
                         "no text can be made of this HTML, it has more than %u %s: give text "
                         "beside it",
                         most, cap);
}

static int parse(struct reader *reader, fct_slice html, facteur_error **error)
{
    xmlParserCtxt *parser = reader->parser;
    struct pending pending = {0};

    for (size_t at = 0, len; at < html.len && !reader->too_deep; at += len) {
        look_at_pending(&pending, html, at, parsed_len(parser, at));
        if (pending.tag && pending.ends > FCT_MAX_HTML_ATTRIBUTES)
            return refuse(error, "attributes in one tag", FCT_MAX_HTML_ATTRIBUTES);
        len = push_len(&pending, at, (fct_slice){html.ptr + at, html.len - at});
        htmlParseChunk(parser, html.ptr + at, (int)len, at + len == html.len);
        if (parser->errNo == XML_ERR_NO_MEMORY)
            return fct_error_nomem(error);
    }
    if (reader->too_deep)
        return refuse(error, "elements within each other", FCT_MAX_HTML_DEPTH);
    return reader->hrefs.failed ? fct_error_nomem(error) : 0;
}

/*
 * Office's "<![if !mso]>" is not HTML and would be read as words.  "<![endif]-->" ends a comment.
 */
static int drop_conditions(fct_buf *out, fct_slice html)
{
    const char *end = html.ptr + html.len, *at = html.ptr, *mark, *close;

    while ((mark = memmem(at, (size_t)(end - at), "<![", 3)) != NULL &&
           (close = memchr(mark, '>', (size_t)(end - mark))) != NULL) {
        bool comment = close[-1] == '-' && close[-2] == '-';

        fct_buf_add(out, at, (size_t)((comment ? close + 1 : mark) - at));
        at = close + 1;
    }
    return fct_buf_add(out, at, (size_t)(end - at));
}

static xmlParserCtxt *open_parser(struct reader *reader)
{
    htmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
                              .startElement = on_start,
                              .endElement = on_end,
                              .characters = on_text,
                              .ignorableWhitespace = on_text,
                              .serror = on_complaint};
    xmlParserCtxt *parser;

    parser = htmlCreatePushParserCtxt(&handler, reader, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
    if (parser)
        htmlCtxtUseOptions(parser, HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC);
    return parser;
}

static int read_html(struct reader *reader, fct_slice html, facteur_error **error)
{
    fct_buf plain = {0};
    int result;

    reader->parser = open_parser(reader);
    if (!reader->parser || drop_conditions(&plain, html))
        result = fct_error_nomem(error);
    else
        result = parse(reader, (fct_slice){plain.ptr, plain.len}, error);
    fct_buf_done(&plain);
    if (reader->parser)
        htmlFreeParserCtxt(reader->parser);
    return result;
}

int fct_html_text(fct_slice html, char **text, size_t *len, facteur_error **error)
{
    struct reader *reader;
    char *taken;
    int result;

    if (!html.len)
        html.ptr = "";
    if (html.len > FCT_MAX_HTML)
        return refuse(error, "bytes", FCT_MAX_HTML);
    reader = fct_calloc(1, sizeof *reader);
    if (!reader)
        return fct_error_nomem(error);
    result = read_html(reader, html, error);
    if (!result) {
        taken = fct_flow_take(&reader->flow, len);
        if (taken)
            *text = taken;
        else
            result = fct_error_nomem(error);
    }
    fct_flow_done(&reader->flow);
    fct_buf_done(&reader->hrefs);
    fct_free(reader);
    return result;
}

uint32_t fct_html_entity(const char *name)
{
    const htmlEntityDesc *entity = htmlEntityLookup((const xmlChar *)name);

    return entity ? entity->value : strcmp(name, "apos") == 0 ? '\'' : 0;
}
