/* SPDX-License-Identifier: MIT */
#include "mime/envelope.h"

#include "base/memory.h"
#include "facteur.h"

#include <stdint.h>
#include <string.h>

int fct_envelope_init(fct_envelope *envelope, size_t most)
{
    *envelope = (fct_envelope){.slots = 4};
    while (envelope->slots < 2 * most)
        envelope->slots *= 2;
    envelope->recipients = fct_calloc(most + 1, sizeof *envelope->recipients);
    envelope->table = fct_calloc(envelope->slots, sizeof *envelope->table);
    if (envelope->recipients && envelope->table)
        return 0;
    fct_envelope_done(envelope);
    return FACTEUR_ENOMEM;
}

void fct_envelope_done(fct_envelope *envelope)
{
    fct_free(envelope->recipients);
    fct_free(envelope->table);
    *envelope = (fct_envelope){0};
}

static uint64_t hash_of(const char *address)
{
    const char *domain = fct_address_domain(address).ptr;
    uint64_t hash = 0xcbf29ce484222325U;

    for (const char *at = address; *at; at++) {
        int byte = (unsigned char)*at;

        hash = (hash ^ (uint64_t)(at < domain ? byte : fct_ascii_lower(byte))) * 0x100000001b3U;
    }
    return hash ^ hash >> 32;
}

static bool is_same(const char *a, const char *b)
{
    fct_slice a_domain = fct_address_domain(a), b_domain = fct_address_domain(b);
    fct_slice a_local = {a, (size_t)(a_domain.ptr - a)};
    fct_slice b_local = {b, (size_t)(b_domain.ptr - b)};

    return fct_slice_equal(a_local, b_local) && fct_slice_equal_nocase(a_domain, b_domain);
}

static void add(fct_envelope *envelope, const char *address)
{
    size_t slot = (size_t)hash_of(address) & (envelope->slots - 1);

    for (; envelope->table[slot]; slot = (slot + 1) & (envelope->slots - 1)) {
        if (is_same(envelope->recipients[envelope->table[slot] - 1], address))
            return;
    }
    envelope->recipients[envelope->count++] = address;
    envelope->table[slot] = envelope->count;
}

void fct_envelope_add(fct_envelope *envelope, const fct_address_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].kind == FCT_MAILBOX)
            add(envelope, list->items[i].address);
    }
}
