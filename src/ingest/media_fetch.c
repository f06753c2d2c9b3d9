#include "media_fetch.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "provider/inbound_media.h"
#include "provider/provider.h"
#include "send/fetch.h"

#define REDIRECTS_MAX	3
#define LINK_MAX	(64 * 1024)	/* what WhatsApp says of an id */

struct getting {
	struct config *config;
	struct inbound_media from;
	struct credentials who;
	char url[INBOUND_URL_MAX];	/* of the next request */
	char type[128];			/* Content-Type of the answer */
};

static int
read_status(int status, struct error *e)
{
	switch (status) {
	case 200:
		return 0;
	case 401:
	case 402:
	case 403:
	case 407:
		return error_set(e, EX_CONFIG, "the server says %d", status);
	case 408:
	case 425:
	case 429:
		return error_set(e, EX_TEMPFAIL, "the server says %d", status);
	default:
		return error_set(e, status >= 500 ? EX_TEMPFAIL : EX_DATAERR,
		    "the server says %d", status);
	}
}

/* Where an answer sends us we look first, and take no credential along. */
static int
get(struct getting *g, struct buf *out, struct error *e)
{
	struct fetching f;
	enum inbound_host host;
	struct error why;
	int status;

	for (int i = 0; i <= REDIRECTS_MAX; i++) {
		host = inbound_media_host(g->config, &g->from, g->url);
		if (host == INBOUND_STRANGE)
			return error_set(e, EX_DATAERR, "it leads to a host "
			    "that is not the provider's");
		f = (struct fetching){ .url = g->url,
		    .who = host == INBOUND_OURS ? &g->who : NULL,
		    .plain = strncmp(g->url, "http://", 7) == 0 };
		status = fetch_signed(g->config, g->from.provider, &f, out,
		    &why);
		if (status == -1)
			return error_set(e, why.status, "%s", why.text);
		if (status < 300 || status >= 400 || f.location[0] == '\0') {
			snprintf(g->type, sizeof(g->type), "%s", f.type);
			return read_status(status, e);
		}
		snprintf(g->url, sizeof(g->url), "%s", f.location);
	}
	return error_set(e, EX_DATAERR, "more than %d redirects",
	    REDIRECTS_MAX);
}

/* WhatsApp's second step: what the id stands for, and where that is. */
static int
follow_link(struct getting *g, size_t max, struct inbound_link *link,
    struct error *e)
{
	struct buf answer = BUF_INIT(LINK_MAX);
	int rc = get(g, &answer, e);

	if (rc == 0)
		rc = inbound_media_link(buf_text(&answer), answer.len, link,
		    e);
	buf_release(&answer);
	if (rc == -1)
		return -1;
	if (link->size > (int64_t)max)
		return error_set(e, EX_DATAERR, "more than %zu bytes", max);
	snprintf(g->url, sizeof(g->url), "%s", link->url);
	return 0;
}

static int
get_file(struct getting *g, struct buf *data, struct fetched *out,
    struct error *e)
{
	struct inbound_link link = { .digest = "" };

	snprintf(g->url, sizeof(g->url), "%s", g->from.url);
	if ((g->from.asks && follow_link(g, data->max, &link, e) == -1) ||
	    get(g, data, e) == -1)
		return -1;
	digest_sha256(buf_text(data), data->len, out->digest);
	if (link.digest[0] != '\0' && strcmp(link.digest, out->digest) != 0)
		return error_set(e, EX_TEMPFAIL, "not the bytes that the "
		    "provider announced");
	out->size = data->len;
	return 0;
}

/* What the server calls it, or else what the webhook did. */
static int
look(const struct config *c, const char *type, const struct buf *data,
    struct fetched *out, struct error *e)
{
	const char *words = config_string(c, "ingest", NULL, "media");

	out->type = media_type_find(buf_text(data), data->len, type, e);
	if (out->type == NULL)
		return -1;
	return media_type_allowed(words, out->type->type) ? 0 : error_set(e,
	    EX_DATAERR, "%s is not in [ingest] media", out->type->type);
}

int
media_fetch(struct config *c, const struct value *event,
    const struct value *one, struct buf *data, struct fetched *out,
    struct error *e)
{
	struct getting g = { .config = c };
	const struct provider *p;
	int rc;

	if (data->max == 0)
		return error_set(e, EX_DATAERR, "[ingest] max_media is 0");
	if (inbound_media_find(c, event, one, &g.from, e) == -1)
		return -1;
	p = provider_find(g.from.kind, strcmp(g.from.kind, "twilio") == 0 ?
	    "sms" : "whatsapp");
	if (provider_check_base(c, g.from.provider, e) == -1)
		return -1;
	rc = p->sign_in(c, g.from.provider, &g.who, e);
	if (rc == 0)
		rc = get_file(&g, data, out, e);
	buf_release(&g.who.secret);
	if (g.type[0] == '\0' && value_get_string(one, "type") != NULL)
		snprintf(g.type, sizeof(g.type), "%s", value_get_string(one,
		    "type"));
	return rc == 0 ? look(c, g.type, data, out, e) : -1;
}
