/*
 * Twilio's Lookup v2: what kind of line a number has.
 *
 *	GET https://lookups.twilio.com/v2/PhoneNumbers/%2B52...
 *	    ?Fields=line_type_intelligence
 *
 * Source: twilio.com/docs/lookup/v2-api/line-type-intelligence, and Twilio's
 * OpenAPI description (github.com/twilio/twilio-oai, twilio_lookups_v2.json).
 */
#include "provider_impl.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/form.h"
#include "provider/lookup.h"

#define LOOKUP_BASE	"https://lookups.twilio.com"
#define HTTP_OK		200

/* Their words, and those of phonenumber(1). */
static const struct {
	const char *theirs, *ours;
} lines[] = {
	{ "mobile", "mobile" }, { "landline", "fixed_line" },
	{ "fixedVoip", "voip" }, { "nonFixedVoip", "voip" },
	{ "tollFree", "toll_free" }, { "premium", "premium_rate" },
	{ "sharedCost", "shared_cost" }, { "personal", "personal_number" },
	{ "pager", "pager" }, { "uan", "uan" }, { "voicemail", "voicemail" },
	{ "unknown", "unknown" }
};

int
lookup_build(const struct order *o, struct request *out, struct error *e)
{
	struct buf url = BUF_INIT(sizeof(out->url) - 1);
	char base[512];
	int rc = 0;

	if (http_base(o, LOOKUP_BASE, base, sizeof(base), e) == -1 ||
	    http_check_number(o->to, e) == -1)
		return -1;
	buf_printf(&url, "%s/v2/PhoneNumbers/", base);
	percent_encode(&url, o->to);
	buf_str(&url, "?Fields=line_type_intelligence");
	out->method = "GET";
	if (url.full)
		rc = error_set(e, EX_CONFIG, "[provider %s] base_url: too "
		    "long", o->provider);
	else
		snprintf(out->url, sizeof(out->url), "%s", buf_text(&url));
	buf_release(&url);
	return rc;
}

static const char *
our_word(const char *theirs)
{
	for (size_t i = 0; theirs != NULL &&
	    i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strcmp(lines[i].theirs, theirs) == 0)
			return lines[i].ours;
	return "unknown";
}

int
lookup_read(const struct response *r, struct lookup *out,
    struct verdict *fault)
{
	struct value *json = r->failed || r->code != HTTP_OK ? NULL :
	    http_json(r);
	const struct value *line = value_get(json, "line_type_intelligence");
	const struct value *valid = value_get(json, "valid");
	const char *carrier = value_get_string(line, "carrier_name");

	*out = (struct lookup){ .valid = value_is_true(valid) };
	if (json == NULL || value_type(valid) != VALUE_BOOL) {
		twilio_read(r, fault);
		value_free(json);
		return -1;
	}
	out->line = our_word(value_get_string(line, "type"));
	if (carrier != NULL)
		/* Cut between characters: the ledger keeps it. */
		text_escape(out->carrier, sizeof(out->carrier), carrier,
		    strlen(carrier));
	value_free(json);
	return 0;
}
