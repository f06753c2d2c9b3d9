#include "lookup.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "message/contact.h"
#include "message/learned.h"
#include "provider/lookup.h"
#include "send/wire.h"

#define NUMBERS_MAX	64	/* of one contact */
#define WAIT_MS		600000	/* longer than any [provider] timeout */
#define KIND		"twilio"

/* Process-wide: one connection for all records. */
static struct wire *wire;
static const char *provider_name;

static bool
never(void)
{
	return false;
}

static int
open_wire(struct config *c, struct error *e)
{
	const char *kind, *name;

	if (wire != NULL)
		return 0;
	for (size_t i = 0; (name = config_name(c, "provider", i)) != NULL;
	    i++) {
		kind = config_string(c, "provider", name, "kind");
		if (kind == NULL || strcmp(kind, KIND) != 0)
			continue;
		provider_name = name;
		wire = wire_open(c, name, provider_find(KIND, "sms"), 1, never,
		    e);
		return wire == NULL ? -1 : 0;
	}
	return error_set(e, EX_CONFIG, "no [provider] is of kind " KIND);
}

void
contacts_lookup_end(void)
{
	wire_close(wire);
	wire = NULL;
}

/* A configuration that is wrong is so for every record. */
static int
ask(struct config *c, const char *number, struct lookup *out,
    struct verdict *fault)
{
	struct transfer t = { .request = { .body = BUF_INIT(1) } };
	const struct order o = { .to = number, .provider = provider_name,
	    .config = c, .now = clock_now() };
	struct error e;
	int rc;

	if (lookup_build(&o, &t.request, &e) == -1) {
		fault->outcome = e.status == EX_CONFIG ? OUTCOME_SETUP :
		    OUTCOME_REFUSED;
		snprintf(fault->text, sizeof(fault->text), "%s", e.text);
		return -1;
	}
	wire_start(wire, &t);
	if (wire_wait(wire, WAIT_MS) == NULL)
		die(EX_SOFTWARE, "a transfer did not come back");
	rc = lookup_read(&t.response, out, fault);
	buf_release(&t.request.body);
	buf_release(&t.response.body);
	return rc;
}

/* No SMS to a fixed line, and nothing at all to what is no number. */
static void
bury(struct ledger *l, const char *hash, const struct lookup *k)
{
	static const char *const types[] = { "sms", "whatsapp", "voice" };

	for (size_t i = 0; i < 3; i++) {
		if (k->valid && (i > 0 || strcmp(k->line, "fixed_line") != 0))
			continue;
		if (ledger_count(l, "SELECT count(*) FROM address WHERE "
		    "type = ? AND hash = ?", "ss", types[i], hash) > 0)
			learned_address_dead(l, types[i], hash, k->valid ?
			    "landline" : "no such number");
	}
}

static void
keep(struct ledger *l, const char *number, const struct lookup *k)
{
	struct value *data = value_new_object();
	char hash[DIGEST_HEX];

	contact_address_hash(l, number, hash);
	value_set_string(data, "hash", hash);
	value_set_string(data, "provider", KIND);
	value_set_bool(data, "valid", k->valid);
	value_set_string(data, "line", k->line);
	ledger_begin(l);
	ledger_append_take(l, "address.looked_up", data);
	bury(l, hash, k);
	ledger_commit(l);
}

static struct value *
answer(const char *number, const struct lookup *k)
{
	struct value *v = value_new_object();

	value_set_string(v, "to", number);
	value_set_bool(v, "valid", k->valid);
	value_set_string(v, "line", k->line);
	if (k->carrier[0] != '\0')
		value_set_string(v, "carrier", k->carrier);
	return v;
}

/* The telephone numbers of a contact that nobody has looked up. */
static size_t
numbers_of(struct filter *f, const char *id, const char *out[NUMBERS_MAX])
{
	struct contacts *c = f->ctx;
	struct ledger_rows *r;
	size_t count = 0;

	r = ledger_select(c->ledger, "SELECT DISTINCT b.body FROM "
	    "contact_address a JOIN address x ON x.type = a.type AND "
	    "x.hash = a.hash JOIN content b ON b.key = x.content WHERE "
	    "a.contact = ? AND a.type IN ('sms', 'whatsapp', 'voice') AND "
	    "b.body LIKE '+%' AND x.looked_up_at IS NULL ORDER BY a.rank",
	    "s", id);
	while (count < NUMBERS_MAX && ledger_next(r))
		out[count++] = arena_strdup(&f->mem, ledger_text(r, 0));
	ledger_end(r);
	return count;
}

static size_t
find_numbers(struct filter *f, struct record *r,
    const char *out[NUMBERS_MAX])
{
	const char *raw = record_string(r, "address"), *line, *id;

	if (raw != NULL) {
		out[0] = contacts_address(f, r, "sms", raw, &line);
		return out[0] == NULL ? 0 : 1;
	}
	id = contacts_known(f, r, "id");
	return id == NULL ? 0 : numbers_of(f, id, out);
}

static bool
look_up(struct filter *f, struct record *r, const char *number,
    struct value *list)
{
	struct contacts *c = f->ctx;
	struct verdict fault = { .outcome = OUTCOME_MAX };
	struct lookup known;

	if (ask(c->config, number, &known, &fault) == 0) {
		keep(c->ledger, number, &known);
		value_append_take(list, answer(number, &known));
		return true;
	}
	if (fault.outcome == OUTCOME_SETUP)
		die(EX_CONFIG, "%s", fault.text);
	if (fault.outcome == OUTCOME_REFUSED ||
	    fault.outcome == OUTCOME_ADDRESS)
		filter_refuse(f, r, "lookup", "address", "%s: %s", number,
		    fault.text);
	else
		filter_refuse_temporarily(f, r, "lookup", "%s: %s", number,
		    fault.text);
	return false;
}

void
contacts_lookup(struct filter *f, struct record *r)
{
	struct contacts *c = f->ctx;
	const char *numbers[NUMBERS_MAX];
	struct value *list, *v;
	bool good = true;
	struct error e;
	size_t count;

	/* Nobody waits for the network with the ledger in their hands. */
	contacts_commit(f);
	if (open_wire(c->config, &e) == -1)
		die(e.status, "%s", e.text);
	count = find_numbers(f, r, numbers);
	list = value_new_array();
	for (size_t i = 0; good && i < count; i++)
		good = look_up(f, r, numbers[i], list);
	if (record_get(r, "error") != NULL) {
		value_free(list);
		return;
	}
	v = value_new_object();
	value_set_string(v, "action", count == 0 ? "unchanged" : "looked_up");
	value_set_take(v, "numbers", list);
	record_set_take(r, "contact", v);
}
