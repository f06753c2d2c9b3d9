/*
 * Source: docs.aws.amazon.com/sns/latest/dg, "Verifying the signatures of
 * Amazon SNS messages" and "Parsing Amazon SNS message formats".
 */
#include "sns.h"

#include <string.h>
#include <sysexits.h>

#define LOWER		"abcdefghijklmnopqrstuvwxyz"
#define DIGITS		"0123456789"
#define HOST_CHARS	LOWER DIGITS "-"
#define FILE_CHARS	LOWER DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" "._-"
#define TOPIC_WORD	512

/*
 * Past "https://sns.REGION.amazonaws.com", or NULL.  The host is compared as
 * a whole, so that there is no room for a user, a port or another domain.
 */
static const char *
past_host(const char *url)
{
	static const char prefix[] = "https://sns.";
	static const char domain[] = ".amazonaws.com";
	size_t len;

	if (strlen(url) > SNS_URL_MAX ||
	    strncmp(url, prefix, strlen(prefix)) != 0)
		return NULL;
	url += strlen(prefix);
	len = strspn(url, HOST_CHARS);
	if (len == 0 || strncmp(url + len, domain, strlen(domain)) != 0)
		return NULL;
	url += len + strlen(domain);
	if (strncmp(url, ".cn/", 4) == 0)
		url += 3;
	return *url == '/' ? url : NULL;
}

/*
 * A plain file at the top of the host: an answer of the service itself, which
 * has a query, could be made to hold what a stranger chose.
 */
static bool
is_certificate_url(const char *url)
{
	static const char suffix[] = ".pem";
	const char *path = past_host(url);
	size_t len;

	if (path == NULL)
		return false;
	path++;
	len = strlen(path);
	return strspn(path, FILE_CHARS) == len && path[0] != '.' &&
	    len > strlen(suffix) && len < 200 &&
	    strcmp(path + len - strlen(suffix), suffix) == 0;
}

/* What can be requested as it stands. */
static bool
is_subscribe_url(const char *url)
{
	const char *p = past_host(url);

	for (; p != NULL && *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return p != NULL;
}

static bool
is_id(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && len <= SNS_ID_MAX && strspn(s, FILE_CHARS) == len;
}

static int
read_type(struct sns *m, struct error *e)
{
	static const char *const names[] = {
		[SNS_NOTIFICATION] = "Notification",
		[SNS_SUBSCRIPTION] = "SubscriptionConfirmation",
		[SNS_UNSUBSCRIPTION] = "UnsubscribeConfirmation" };
	const char *s = value_get_string(m->root, "Type");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (s != NULL && strcmp(names[i], s) == 0) {
			m->type = (enum sns_type)i;
			return 0;
		}
	return error_set(e, EX_DATAERR, "Type: %.60s: none that SNS has",
	    s == NULL ? "missing" : s);
}

static int
read_members(struct sns *m, struct error *e)
{
	const struct {
		const char *name, **to;
	} members[] = {
		{ "MessageId", &m->id }, { "TopicArn", &m->topic },
		{ "Message", &m->message }, { "Timestamp", &m->timestamp },
		{ "SigningCertURL", &m->certificate },
		{ "SubscribeURL", &m->subscribe }
	};
	size_t count = sizeof(members) / sizeof(members[0]);

	if (m->type == SNS_NOTIFICATION)
		count--;
	for (size_t i = 0; i < count; i++) {
		*members[i].to = value_get_string(m->root, members[i].name);
		if (*members[i].to == NULL)
			return error_set(e, EX_DATAERR, "%s: missing",
			    members[i].name);
	}
	return 0;
}

static int
read_all(struct sns *m, struct error *e)
{
	if (read_type(m, e) == -1 || read_members(m, e) == -1)
		return -1;
	if (!is_id(m->id))
		return error_set(e, EX_DATAERR, "MessageId: not an id");
	if (!is_certificate_url(m->certificate))
		return error_set(e, EX_DATAERR, "SigningCertURL: %.100s: no "
		    "certificate of SNS's own", m->certificate);
	if (m->subscribe != NULL && !is_subscribe_url(m->subscribe))
		return error_set(e, EX_DATAERR, "SubscribeURL: %.100s: not a "
		    "URL of SNS's own", m->subscribe);
	return 0;
}

int
sns_read(struct sns *m, const char *body, size_t len, struct error *e)
{
	struct error why;

	*m = (struct sns){ .root = value_parse(body, len, &why) };
	if (m->root == NULL)
		return error_set(e, EX_DATAERR, "%s", why.text);
	if (read_all(m, e) == 0)
		return 0;
	sns_release(m);
	return -1;
}

void
sns_release(struct sns *m)
{
	value_free(m->root);
	m->root = NULL;
}

static bool
lists(const char *list, const char *topic)
{
	char word[TOPIC_WORD];

	for (size_t i = 0; list != NULL && config_word(list, i, word,
	    sizeof(word)); i++)
		if (strcmp(word, topic) == 0)
			return true;
	return false;
}

const char *
sns_provider(const struct config *c, const char *topic, bool *any)
{
	const char *name, *list;

	if (any != NULL)
		*any = false;
	for (size_t i = 0; (name = config_name(c, "provider", i)) != NULL;
	    i++) {
		if (strcmp(config_string(c, "provider", name, "kind"),
		    "ses") != 0)
			continue;
		list = config_string(c, "provider", name, "sns_topic");
		if (list != NULL && any != NULL)
			*any = true;
		if (lists(list, topic))
			return name;
	}
	return NULL;
}
