/* SPDX-License-Identifier: MIT */
/* A receipt as one JSON object, its members always in the same order. */
#include "facteur.h"

#include "base/json.h"

typedef const char *(*text_at)(const facteur_receipt *receipt, size_t index);

static json_t *texts(const facteur_receipt *receipt, size_t count, text_at at)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < count; i++) {
        if (json_array_append_new(list, fct_json_text(at(receipt, i)))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *notes(const facteur_receipt *receipt)
{
    return texts(receipt, facteur_receipt_note_count(receipt), facteur_receipt_note);
}

static json_t *rejected(const facteur_receipt *receipt)
{
    json_t *map = json_object();

    for (size_t i = 0; map && i < facteur_receipt_rejected_count(receipt); i++) {
        json_t *reply = fct_json_reply(facteur_receipt_rejected_code(receipt, i),
                                       facteur_receipt_rejected_enhanced(receipt, i),
                                       facteur_receipt_rejected_text(receipt, i));

        if (fct_json_set(map, facteur_receipt_rejected(receipt, i), reply)) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

static json_t *timings(const facteur_receipt *receipt)
{
    json_t *map = json_object();

    for (int i = 0; map && i < FACTEUR_PHASE_COUNT; i++) {
        enum facteur_phase phase = (enum facteur_phase)i;
        double seconds = facteur_receipt_timing(receipt, phase);

        if (seconds < 0)
            continue;
        if (fct_json_set(map, facteur_phase_name(phase), fct_json_seconds(seconds))) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

static json_t *error(const facteur_receipt *receipt)
{
    int code = facteur_receipt_error_code(receipt);
    json_t *map;

    if (code == 0)
        return json_null();
    map = json_object();
    if (!map || fct_json_set(map, "code", fct_json_text(facteur_error_name(code))) ||
        fct_json_set(map, "message", fct_json_text(facteur_receipt_error(receipt)))) {
        json_decref(map);
        return NULL;
    }
    return map;
}

static int set_all(json_t *root, const facteur_receipt *receipt)
{
    int ok = facteur_receipt_ok(receipt);
    json_t *reply =
        fct_json_reply(facteur_receipt_reply_code(receipt), facteur_receipt_reply_enhanced(receipt),
                       facteur_receipt_reply_text(receipt));
    int err = 0;

    err |= fct_json_set(root, "status", fct_json_text(facteur_receipt_status_name(receipt)));
    err |= fct_json_set(root, "ok", json_boolean(ok));
    err |= fct_json_set(root, "message_id", fct_json_text(facteur_receipt_message_id(receipt)));
    err |= fct_json_set(root, "queue_id", fct_json_text(facteur_receipt_queue_id(receipt)));
    err |= fct_json_set(root, "relay", fct_json_text(facteur_receipt_relay(receipt)));
    err |= fct_json_set(
        root, "accepted",
        texts(receipt, facteur_receipt_accepted_count(receipt), facteur_receipt_accepted));
    err |= fct_json_set(root, "rejected", rejected(receipt));
    err |= fct_json_set(
        root, "in_doubt",
        texts(receipt, facteur_receipt_in_doubt_count(receipt), facteur_receipt_in_doubt));
    err |= fct_json_set(root, "reply", reply);
    err |= fct_json_set(root, "phase",
                        fct_json_text(facteur_phase_name(facteur_receipt_phase(receipt))));
    err |= fct_json_set(root, "attempts", json_integer(facteur_receipt_attempts(receipt)));
    err |= fct_json_set(root, "flights", json_integer(facteur_receipt_flights(receipt)));
    err |= fct_json_set(root, "timings", timings(receipt));
    err |= fct_json_set(root, "error", error(receipt));
    err |= fct_json_set(root, "notes", notes(receipt));
    if (*facteur_receipt_outbox_id(receipt))
        err |= fct_json_set(root, "outbox_id", fct_json_text(facteur_receipt_outbox_id(receipt)));
    if (*facteur_receipt_key(receipt))
        err |= fct_json_set(root, "key", fct_json_text(facteur_receipt_key(receipt)));
    if (!facteur_receipt_durable(receipt))
        err |= fct_json_set(root, "durable", json_false());
    if (!ok)
        err |= fct_json_set(root, "transcript", fct_json_text(facteur_receipt_transcript(receipt)));
    return err;
}

char *facteur_receipt_json(const facteur_receipt *receipt)
{
    json_t *root = json_object();

    if (!root || set_all(root, receipt)) {
        json_decref(root);
        return NULL;
    }
    return fct_json_take(root);
}
