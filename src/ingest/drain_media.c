/*
 * What came along with messages.  The ledger says what waits to be fetched;
 * that is done when the messages are applied and committed, so that a slow
 * server holds up nobody's STOP, and again in later runs while it fails.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/output.h"
#include "drain_impl.h"
#include "media_fetch.h"
#include "media_store.h"
#include "media_type.h"

#define PAGE		100	/* read from the ledger at once */
#define RUN_MS		(120 * 1000)	/* after that no other is begun */
#define MEDIA_AGE	86400	/* after that one is given up */
#define MESSAGE_MAX	1024	/* of an id, which is made of a provider's */
#define FIRST_WAIT	60
#define LONGEST_WAIT	3600

struct waiting {
	char message[MESSAGE_MAX], received[CLOCK_TEXT];
	int64_t position, tries;
};

/* What one fetch came to. */
struct outcome_of {
	struct fetched got;	/* if rc is 0 */
	struct error why;
	int rc;
	char path[MEDIA_PATH], digest[DIGEST_HEX];
};

static size_t
read_page(struct drain *d, struct waiting page[PAGE])
{
	char now[CLOCK_TEXT];
	struct ledger_rows *r;
	size_t n = 0;

	r = ledger_select(d->ledger, "SELECT message, position, received_at, "
	    "tries FROM inbound_media WHERE state = 'waiting' AND retry_at "
	    "<= ? ORDER BY retry_at, message, position LIMIT ?", "si",
	    clock_format(clock_now(), now), (int64_t)PAGE);
	while (ledger_next(r)) {
		struct waiting *w = &page[n++];

		snprintf(w->message, sizeof(w->message), "%s",
		    ledger_text(r, 0));
		w->position = ledger_int(r, 1);
		snprintf(w->received, sizeof(w->received), "%s",
		    ledger_text(r, 2));
		w->tries = ledger_int(r, 3);
	}
	ledger_end(r);
	return n;
}

/* The event as it was applied; NULL: its person was forgotten. */
static struct value *
read_event(struct drain *d, const struct waiting *w)
{
	struct ledger_rows *r;
	struct value *event = NULL;
	struct error ignored;
	const char *body;

	r = ledger_select(d->ledger, "SELECT b.body FROM message m JOIN "
	    "content b ON b.key = m.content WHERE m.id = ?", "s", w->message);
	body = ledger_next(r) ? ledger_text(r, 0) : NULL;
	if (body != NULL)
		event = value_parse(body, strlen(body), &ignored);
	ledger_end(r);
	return event;
}

static void
fetch_one(struct drain *d, const struct waiting *w, struct buf *data,
    struct outcome_of *o)
{
	struct value *event = read_event(d, w);
	const struct value *one = value_at(value_get(event, "media"),
	    (size_t)w->position);

	o->rc = one == NULL ? error_set(&o->why, EX_DATAERR, "its message was "
	    "erased") : media_fetch(d->config, event, one, data, &o->got,
	    &o->why);
	value_free(event);
	if (o->rc == -1)
		return;
	/* Keyed: journal and names stay, and must not tell what it was. */
	ledger_hash(d->ledger, o->got.digest, o->digest);
	media_store_path(w->received, o->digest, o->got.type->ending, o->path);
	o->rc = media_store_write(d->media, o->digest, data, &o->why);
	/* Whatever the disk says: it may have room again. */
	if (o->rc == -1)
		o->why.status = EX_CANTCREAT;
}

/* When it is tried again, or NULL. */
static const char *
next_try(const struct waiting *w, const struct outcome_of *o,
    char out[CLOCK_TEXT])
{
	int64_t wait = FIRST_WAIT;
	instant received, at;

	if (o->why.status == EX_DATAERR)
		return NULL;
	for (int64_t i = 0; i < w->tries && wait < LONGEST_WAIT; i++)
		wait *= 2;
	at = clock_now() + (wait < LONGEST_WAIT ? wait : LONGEST_WAIT);
	if (!clock_parse(w->received, &received) || at > received + MEDIA_AGE)
		return NULL;
	return clock_format(at, out);
}

static bool
still_waits(struct drain *d, const struct waiting *w)
{
	struct ledger_rows *r;
	bool waits;

	r = ledger_select(d->ledger, "SELECT 1 FROM inbound_media WHERE "
	    "message = ? AND position = ? AND state = 'waiting'", "si",
	    w->message, w->position);
	waits = ledger_next(r);
	ledger_end(r);
	return waits;
}

static struct value *
kept(const struct outcome_of *o)
{
	struct value *data = value_new_object();

	value_set_string(data, "path", o->path);
	value_set_string(data, "type", o->got.type->type);
	value_set_integer(data, "size", (int64_t)o->got.size);
	value_set_string(data, "digest", o->digest);
	return data;
}

static struct value *
failed(const struct waiting *w, const struct outcome_of *o)
{
	struct value *data = value_new_object();
	char at[CLOCK_TEXT];
	const char *next = next_try(w, o, at);

	value_set_string(data, "reason", o->why.text);
	if (next != NULL)
		value_set_string(data, "retry_at", next);
	return data;
}

/* The same words for the ledger and for who reads our output. */
static void
tell(struct drain *d, const struct value *data, const char *applied)
{
	struct value *event = value_copy(data);

	value_set_string(event, "kind", "media");
	value_set_string(event, "applied", applied);
	value_set_take(event, "message", value_copy(value_get(data, "id")));
	value_remove(event, "id");
	drain_print(d, event);
	output_flush();
	value_free(event);
}

/* What a stranger sent and is not wanted is no fault of anybody's here. */
static void
complain(struct drain *d, const struct waiting *w, const struct error *why)
{
	if (why->status == EX_DATAERR)
		return;
	if (d->media_later++ == 0)
		diag("%s: media %lld: %s; tried again later", w->message,
		    (long long)w->position, why->text);
}

/* False: nothing was entered. */
static bool
apply_one(struct drain *d, const struct waiting *w, struct outcome_of *o)
{
	struct value *data = o->rc == 0 ? kept(o) : failed(w, o);
	bool waits = value_get_string(data, "retry_at") != NULL;

	value_set_string(data, "id", w->message);
	value_set_integer(data, "position", w->position);
	ledger_begin(d->ledger);
	/* Forgotten meanwhile: nothing of it may stay. */
	if (!still_waits(d, w)) {
		ledger_rollback(d->ledger);
		value_free(data);
		if (o->rc == 0)
			media_store_drop(d->media, o->digest);
		return false;
	}
	ledger_append_take(d->ledger, o->rc == 0 ? "media.kept" :
	    "media.failed", value_copy(data));
	ledger_commit(d->ledger);
	if (o->rc == 0 && media_store_settle(d->media, o->digest, o->path,
	    &o->why) == -1) {
		diag("%s", o->why.text);
		d->failed++;
	} else if (o->rc == -1)
		complain(d, w, &o->why);
	tell(d, data, o->rc == 0 ? "kept" : waits ? "waiting" : "refused");
	value_free(data);
	return true;
}

static void
fetch_all(struct drain *d, struct buf *data)
{
	static struct waiting page[PAGE];
	int64_t end = clock_monotonic_ms() + RUN_MS;
	bool more = true;
	size_t n;

	/* What was entered waits no more, or for later. */
	while (more && d->failed == 0 && (n = read_page(d, page)) > 0) {
		more = false;
		for (size_t i = 0; i < n && d->failed == 0; i++) {
			struct outcome_of o = { .rc = 0 };

			if (clock_monotonic_ms() > end) {
				d->media_later++;
				return;
			}
			fetch_one(d, &page[i], data, &o);
			more |= apply_one(d, &page[i], &o);
		}
	}
}

static bool
is_configured(struct drain *d)
{
	const char *words = config_string(d->config, "ingest", NULL, "media");
	char word[64];

	if (!media_type_unknown(words, word, sizeof(word)))
		return true;
	diag("[ingest] media: no such word as %s; nothing is fetched", word);
	d->failed++;
	return false;
}

/* Most sites never get any: then no directory is made. */
static bool
has_work(struct drain *d)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/media/tmp", config_path(d->config,
	    "paths", NULL, "spool"));
	return access(path, F_OK) == 0 || ledger_count(d->ledger,
	    "SELECT count(*) FROM inbound_media WHERE state = 'waiting'",
	    "") > 0;
}

void
drain_media(struct drain *d)
{
	int64_t max = config_integer(d->config, "ingest", NULL, "max_media");
	struct buf data = BUF_INIT((size_t)(max < MEDIA_MOST ? max :
	    MEDIA_MOST));
	struct error e;

	if (!has_work(d) || !is_configured(d))
		return;
	d->media = media_store_open(config_path(d->config, "paths", NULL,
	    "spool"), &e);
	if (d->media == -1 || media_store_recover(d->media, d->ledger,
	    &e) == -1) {
		diag("%s", e.text);
		d->failed++;
	} else
		fetch_all(d, &data);
	buf_release(&data);
	if (d->media != -1)
		close(d->media);
}
