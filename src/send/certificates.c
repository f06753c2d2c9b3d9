#include "certificates.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/io.h"
#include "provider/sns.h"
#include "send/fetch.h"

#define KNOWN_MAX	64
#define FETCHES_MAX	8
#define NAME_SIZE	(DIGEST_HEX + 8)

struct certificate {
	char *provider, *url;
	struct buf pem;		/* empty: `why` there is none */
	struct error why;
};

struct certificates {
	struct config *config;
	struct certificate known[KNOWN_MAX];
	size_t count, fetches;
	bool down;		/* a server did not answer */
	bool offline;		/* none is asked, and nothing written */
};

struct certificates *
certificates_open(struct config *c)
{
	struct certificates *s = calloc(1, sizeof(*s));

	if (s == NULL)
		die(EX_OSERR, "out of memory");
	s->config = c;
	return s;
}

void
certificates_stay_offline(struct certificates *s)
{
	s->offline = true;
}

void
certificates_close(struct certificates *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++) {
		free(s->known[i].provider);
		free(s->known[i].url);
		buf_release(&s->known[i].pem);
	}
	free(s);
}

static struct certificate *
find(struct certificates *s, const char *provider, const char *url)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->known[i].url, url) == 0 &&
		    strcmp(s->known[i].provider, provider) == 0)
			return &s->known[i];
	return NULL;
}

/* A directory for tests and machines without a network. */
static void
read_given(struct certificate *one, const char *dir)
{
	char path[PATH_MAX];
	struct error e;

	snprintf(path, sizeof(path), "%s%s", dir, strrchr(one->url, '/'));
	if (io_read_plain(AT_FDCWD, path, &one->pem, &e) == 0)
		return;
	buf_clear(&one->pem);
	error_set(&one->why, EX_TEMPFAIL, "SigningCertURL: %.400s", e.text);
}

/* spool/certs, and the name that the URL has there. */
static int
open_cache(struct certificates *s, const char *url, char name[NAME_SIZE],
    struct error *e)
{
	char path[PATH_MAX], hash[DIGEST_HEX];

	snprintf(path, sizeof(path), "%s/certs",
	    config_path(s->config, "paths", NULL, "spool"));
	snprintf(name, NAME_SIZE, "%s.pem", digest_sha256(url, strlen(url),
	    hash));
	if (s->offline)
		return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return io_open_dir(path, 0750, e);
}

static bool
read_kept(struct certificates *s, struct certificate *one)
{
	char name[NAME_SIZE];
	struct error ignored;
	int dir = open_cache(s, one->url, name, &ignored);
	bool good;

	if (dir == -1)
		return false;
	good = io_read_plain(dir, name, &one->pem, &ignored) == 0 &&
	    sns_is_certificate(buf_text(&one->pem), one->pem.len);
	close(dir);
	if (!good)
		buf_clear(&one->pem);
	return good;
}

/* If it cannot be kept it is at hand all the same; the next run asks again. */
static void
keep(struct certificates *s, const struct certificate *one)
{
	char name[NAME_SIZE], tmp[NAME_SIZE + 8];
	struct error e;
	int dir = open_cache(s, one->url, name, &e), fd = -1;

	if (dir != -1) {
		snprintf(tmp, sizeof(tmp), ".%s", name);
		fd = io_create(dir, tmp, &e);
	}
	if (fd == -1 || io_finish(dir, fd, tmp, name, &one->pem, &e) == -1)
		diag("certs: %s", e.text);
	if (dir != -1)
		close(dir);
}

/*
 * What the server says for good is not asked again for the same file: else
 * anybody could have us ask for ever.
 */
static void
ask(struct certificates *s, struct certificate *one)
{
	struct error e;
	int status = fetch(s->config, one->provider, one->url, &one->pem, &e);
	bool later = status == -1 ? e.status == EX_TEMPFAIL :
	    status >= 500 || status == 408 || status == 429;

	if (status == 200 && sns_is_certificate(buf_text(&one->pem),
	    one->pem.len)) {
		keep(s, one);
		return;
	}
	buf_clear(&one->pem);
	one->why.status = later ? EX_TEMPFAIL : EX_DATAERR;
	if (status == -1) {
		error_set(&one->why, one->why.status, "SigningCertURL: "
		    "%.250s: %.200s", one->url, e.text);
		s->down = later;
	} else if (status == 200)
		error_set(&one->why, EX_DATAERR, "SigningCertURL: no "
		    "certificate is there");
	else
		error_set(&one->why, one->why.status, "SigningCertURL: the "
		    "server says %d", status);
}

void
certificates_fetch(struct certificates *s, const char *provider,
    const char *url)
{
	const char *given = config_path(s->config, "provider", provider,
	    "sns_certs");
	struct certificate *one = &s->known[s->count];

	if (find(s, provider, url) != NULL || s->count == KNOWN_MAX)
		return;
	*one = (struct certificate){ .provider = strdup(provider),
	    .url = strdup(url), .pem = BUF_INIT(SNS_PEM_MAX) };
	if (one->provider == NULL || one->url == NULL)
		die(EX_OSERR, "out of memory");
	s->count++;
	if (given != NULL) {
		read_given(one, given);
		return;
	}
	if (read_kept(s, one))
		return;
	if (s->offline || s->down || s->fetches == FETCHES_MAX) {
		error_set(&one->why, EX_TEMPFAIL, "SigningCertURL: not "
		    "fetched: %s", s->offline ? "no server is asked here" :
		    s->down ? "a server did not answer" :
		    "too many others in this run");
		return;
	}
	s->fetches++;
	ask(s, one);
}

const struct buf *
certificates_get(struct certificates *s, const char *provider,
    const char *url, struct error *e)
{
	struct certificate *one = find(s, provider, url);

	if (one != NULL && one->pem.len > 0)
		return &one->pem;
	if (one == NULL)
		error_set(e, EX_TEMPFAIL, "SigningCertURL: not fetched yet");
	else
		*e = one->why;
	return NULL;
}
