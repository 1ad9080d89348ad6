/* SPDX-License-Identifier: MIT */
#include "smtp/wire.h"

#include "base/memory.h"

#include <string.h>

#define CHUNK_SIZE 4096u
#define HELD_LEN 2u

/* Command lines, in memory that does not move while a write uses it. */
struct fct_wire_chunk {
    struct fct_wire_chunk *next;
    size_t cap, len, sent;
    bool secret;
    char bytes[];
};

enum piece_kind {
    PIECE_TEXT, /* each line end completes a command */
    PIECE_DOT,  /* the final dot's line: a terminator from its first byte on */
    PIECE_BODY,
    PIECE_BODY_LAST /* with the content's last byte; for BDAT that is the terminator */
};

struct fct_wire_item {
    fct_outgoing *body; /* NULL: a text */
    const char *text;
    size_t len;
    struct fct_wire_share *share;
};

struct fct_wire_piece {
    const char *ptr;
    size_t len;
    fct_outgoing *body;
    enum piece_kind kind;
    bool last; /* of its body; waits while the body is held */
    struct fct_wire_share *share;
};

static bool ends_body(enum piece_kind kind)
{
    return kind == PIECE_DOT || kind == PIECE_BODY_LAST;
}

int fct_wire_init(fct_wire *wire, size_t items)
{
    *wire = (fct_wire){.item_cap = items};
    wire->items = fct_calloc(items, sizeof(*wire->items));
    wire->pieces = fct_calloc(FCT_WIRE_PIECES, sizeof(*wire->pieces));
    return wire->items && wire->pieces ? 0 : FACTEUR_ENOMEM;
}

static void free_chunk(struct fct_wire_chunk *chunk)
{
    if (chunk->secret)
        fct_wipe(chunk->bytes, chunk->cap);
    fct_free(chunk);
}

void fct_wire_done(fct_wire *wire)
{
    while (wire->chunks) {
        struct fct_wire_chunk *next = wire->chunks->next;

        free_chunk(wire->chunks);
        wire->chunks = next;
    }
    fct_free(wire->items);
    fct_free(wire->pieces);
    *wire = (fct_wire){0};
}

static int add_chunk(fct_wire *wire, size_t len)
{
    size_t cap = len > CHUNK_SIZE ? len : CHUNK_SIZE;
    struct fct_wire_chunk *chunk = fct_malloc(sizeof(*chunk) + cap);

    if (!chunk)
        return FACTEUR_ENOMEM;
    *chunk = (struct fct_wire_chunk){.cap = cap};
    if (wire->last_chunk)
        wire->last_chunk->next = chunk;
    else
        wire->chunks = chunk;
    wire->last_chunk = chunk;
    return 0;
}

static struct fct_wire_piece *piece_at(const fct_wire *wire, size_t index)
{
    return &wire->pieces[(wire->piece_first + index) % FCT_WIRE_PIECES];
}

static struct fct_wire_item *item_at(const fct_wire *wire, size_t index)
{
    return &wire->items[(wire->item_first + index) % wire->item_cap];
}

static struct fct_wire_item *last_item(fct_wire *wire)
{
    return wire->item_count ? item_at(wire, wire->item_count - 1) : NULL;
}

static struct fct_wire_item *new_item(fct_wire *wire)
{
    if (wire->item_count == wire->item_cap)
        return NULL;
    wire->item_count++;
    return last_item(wire);
}

int fct_wire_line(fct_wire *wire, fct_slice line, bool secret, struct fct_wire_share *share)
{
    struct fct_wire_item *item = last_item(wire);
    struct fct_wire_chunk *chunk = wire->last_chunk;
    char *at;

    if (!chunk || chunk->cap - chunk->len < line.len) {
        if (add_chunk(wire, line.len))
            return FACTEUR_ENOMEM;
        chunk = wire->last_chunk;
    }
    at = chunk->bytes + chunk->len;
    if (!item || item->body || item->text + item->len != at ||
        (item->share && item->share != share)) {
        item = new_item(wire);
        if (!item)
            return FACTEUR_ENOMEM;
        *item = (struct fct_wire_item){.text = at};
    }
    memcpy(at, line.ptr, line.len);
    chunk->len += line.len;
    chunk->secret |= secret;
    item->len += line.len;
    item->share = share;
    return 0;
}

int fct_wire_body(fct_wire *wire, fct_outgoing *body)
{
    struct fct_wire_item *item = new_item(wire);

    if (!item)
        return FACTEUR_ENOMEM;
    *item = (struct fct_wire_item){.body = body};
    body->line_start = true;
    wire->body_count++;
    return 0;
}

static void add_piece(fct_wire *wire, struct fct_wire_piece piece)
{
    *piece_at(wire, wire->piece_count++) = piece;
}

/*
 * How much of the run may be shown at once: up to and including the next dot that must be doubled.
 */
static size_t stuffed_len(const fct_outgoing *body)
{
    const char *at = body->run.ptr, *end = at + body->run.len;

    if (body->doubled)
        at++;
    else if (body->line_start && *at == '.')
        return 1;
    for (; at < end && (at = memchr(at, '.', (size_t)(end - at))); at++) {
        if (at > body->run.ptr && at[-1] == '\n')
            return (size_t)(at - body->run.ptr) + 1;
    }
    return body->run.len;
}

static void take_stuffed(fct_wire *wire, fct_outgoing *body)
{
    size_t len = stuffed_len(body);
    const char *run = body->run.ptr;
    bool alone = len == 1;
    bool dot = run[len - 1] == '.' && !(alone && body->doubled) &&
               (alone ? body->line_start : run[len - 2] == '\n');

    add_piece(wire, (struct fct_wire_piece){run, len, body, PIECE_BODY, false, body->share});
    /* The dot is shown again as the first byte of the next piece, and so doubled. */
    body->doubled = dot;
    if (dot)
        len--;
    body->line_start = !dot && run[len - 1] == '\n';
    body->run.ptr += len;
    body->run.len -= len;
}

static void take_plain(fct_wire *wire, fct_outgoing *body)
{
    bool last = body->left == 0;
    size_t held = last && body->hold ? HELD_LEN : 0;
    fct_slice run = body->run;

    body->run.len = 0;
    if (held > run.len)
        held = run.len;
    if (run.len > held)
        add_piece(wire, (struct fct_wire_piece){run.ptr, run.len - held, body,
                                                last && !held ? PIECE_BODY_LAST : PIECE_BODY, false,
                                                body->share});
    if (held)
        add_piece(wire, (struct fct_wire_piece){run.ptr + run.len - held, held, body,
                                                PIECE_BODY_LAST, true, body->share});
}

/*
 * Read the body's next run when the last one is used up.  Returns 1 with a run, 0 at the end, or an
 * error.
 */
static int refill(fct_wire *wire, fct_outgoing *body)
{
    bool stable = true;
    int result;

    if (body->run.len)
        return 1;
    if (body->left == 0)
        return 0;
    result = fct_mail_reader_next(body->reader, &body->run, &stable);
    if (result < 0)
        return result;
    /* A content of another size than the announced one must not go out as the mail. */
    if (result == 0 || body->run.len == 0 || body->run.len > body->left)
        return FACTEUR_EIO;
    body->left -= body->run.len;
    body->shown = true;
    wire->unstable = !stable;
    return 1;
}

static void end_item(fct_wire *wire)
{
    wire->item_first = (wire->item_first + 1) % wire->item_cap;
    wire->item_count--;
}

/* Cut items into pieces while there is room for two of them. */
static int fill(fct_wire *wire)
{
    while (wire->item_count && wire->piece_count + 2 <= FCT_WIRE_PIECES) {
        struct fct_wire_item *item = &wire->items[wire->item_first];
        fct_outgoing *body = item->body;
        int result;

        if (wire->unstable && wire->piece_count && !(body && body->run.len))
            return 0;
        if (!body) {
            add_piece(wire, (struct fct_wire_piece){item->text, item->len, NULL, PIECE_TEXT, false,
                                                    item->share});
            end_item(wire);
            continue;
        }
        result = refill(wire, body);
        if (result < 0)
            return result;
        if (result && body->stuff)
            take_stuffed(wire, body);
        else if (result)
            take_plain(wire, body);
        if (body->run.len || body->left)
            continue;
        if (body->stuff) {
            body->shown = true;
            add_piece(wire,
                      (struct fct_wire_piece){".\r\n", 3, body, PIECE_DOT, true, body->share});
        }
        end_item(wire);
    }
    return 0;
}

int fct_wire_output(fct_wire *wire, fct_slice *slices, int max)
{
    int count = 0, result = fill(wire);

    if (result < 0)
        return result;
    for (size_t i = 0; i < wire->piece_count && count < max; i++) {
        struct fct_wire_piece *piece = piece_at(wire, i);

        if (piece->last && piece->body->hold)
            break;
        slices[count++] = (fct_slice){piece->ptr, piece->len};
    }
    return count;
}

static unsigned count_lines(const char *ptr, size_t len)
{
    const char *end = ptr + len;
    unsigned count = 0;

    while (ptr < end && (ptr = memchr(ptr, '\n', (size_t)(end - ptr)))) {
        ptr++;
        count++;
    }
    return count;
}

/* Free the memory of a text that was written.  The last chunk is kept for the next text. */
static void text_sent(fct_wire *wire, size_t len)
{
    while (len) {
        struct fct_wire_chunk *chunk = wire->chunks;
        size_t part = chunk->len - chunk->sent < len ? chunk->len - chunk->sent : len;

        if (chunk->secret)
            fct_wipe(chunk->bytes + chunk->sent, part);
        chunk->sent += part;
        len -= part;
        if (chunk->sent < chunk->len)
            return;
        if (chunk->next) {
            wire->chunks = chunk->next;
            free_chunk(chunk);
        } else {
            chunk->len = 0;
            chunk->sent = 0;
            chunk->secret = false;
        }
    }
}

static void piece_sent(fct_wire *wire, struct fct_wire_piece *piece, size_t len,
                       struct fct_wire_progress *progress)
{
    bool whole = len == piece->len;

    switch (piece->kind) {
    case PIECE_TEXT:
        progress->lines += count_lines(piece->ptr, len);
        text_sent(wire, len);
        return;
    case PIECE_DOT:
        progress->lines += whole ? 1 : 0;
        progress->body_ended = true;
        piece->body->handed = true;
        break;
    case PIECE_BODY_LAST:
        progress->body_ended |= whole;
        piece->body->handed |= whole;
        break;
    case PIECE_BODY:
        break;
    }
    piece->body->written += piece->kind == PIECE_DOT ? 0 : len;
    progress->body_bytes += len;
    if (whole && ends_body(piece->kind)) {
        piece->body->shown = false;
        wire->body_count--;
    }
}

static void count_flight(struct fct_wire_share *share, unsigned flight)
{
    if (!share || !flight || share->last == flight)
        return;
    share->last = flight;
    share->flights++;
}

void fct_wire_sent(fct_wire *wire, size_t len, unsigned flight, struct fct_wire_progress *progress)
{
    *progress = (struct fct_wire_progress){0};
    while (len && wire->piece_count) {
        struct fct_wire_piece *piece = &wire->pieces[wire->piece_first];
        size_t part = piece->len < len ? piece->len : len;

        count_flight(piece->share, flight);
        piece_sent(wire, piece, part, progress);
        piece->ptr += part;
        piece->len -= part;
        len -= part;
        if (piece->len == 0) {
            wire->piece_first = (wire->piece_first + 1) % FCT_WIRE_PIECES;
            wire->piece_count--;
        }
    }
}

void fct_wire_cut(fct_wire *wire, const struct fct_wire_share *share)
{
    size_t pieces = 0, items = 0;

    wire->body_count = 0;
    for (; pieces < wire->piece_count && piece_at(wire, pieces)->share != share; pieces++)
        wire->body_count += ends_body(piece_at(wire, pieces)->kind);
    for (; pieces == wire->piece_count && items < wire->item_count; items++) {
        const struct fct_wire_item *item = item_at(wire, items);

        if ((item->body ? item->body->share : item->share) == share)
            break;
        wire->body_count += item->body != NULL;
    }
    wire->unstable &= pieces == wire->piece_count;
    wire->piece_count = pieces;
    wire->item_count = items;
}

bool fct_wire_empty(const fct_wire *wire)
{
    return wire->item_count == 0 && wire->piece_count == 0;
}

fct_outgoing *fct_wire_held(const fct_wire *wire)
{
    fct_outgoing *body = NULL;

    if (wire->piece_count) {
        const struct fct_wire_piece *piece = &wire->pieces[wire->piece_first];

        body = piece->last ? piece->body : NULL;
    } else if (wire->item_count) {
        body = wire->items[wire->item_first].body;
        /* The final dot of an empty content has not become a piece yet. */
        if (body && (!body->stuff || body->left || body->run.len))
            body = NULL;
    }
    return body && body->hold ? body : NULL;
}

bool fct_wire_waits(const fct_wire *wire)
{
    return fct_wire_empty(wire) || fct_wire_held(wire);
}
