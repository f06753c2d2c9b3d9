#include "fetch.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/memory.h"

#define LIBRARY		"libcurl.so.4"
#define CONNECT_S	10L

/*
 * omni-ingest starts once for each webhook, and libcurl with what it needs
 * would double the time that takes: so it is loaded by the drain, and only when
 * there is something to fetch.
 */
struct calls {
	CURLcode (*start)(long flags, curl_malloc_callback get,
	    curl_free_callback give_back, curl_realloc_callback again,
	    curl_strdup_callback copy, curl_calloc_callback zero);
	CURL *(*init)(void);
	CURLcode (*set)(CURL *curl, CURLoption option, ...);
	CURLcode (*perform)(CURL *curl);
	CURLcode (*get)(CURL *curl, CURLINFO info, ...);
	const char *(*explain)(CURLcode code);
	void (*cleanup)(CURL *curl);
};

/* A pointer to data as one to a function, which C has no cast for. */
static bool
find(void *library, const char *name, void *function, size_t size)
{
	void *found = dlsym(library, name);

	if (found == NULL || size != sizeof(found))
		return false;
	memcpy(function, &found, size);
	return true;
}

/* It stays until the program ends: OpenSSL does not like to be unloaded. */
static int
load(struct calls *c, struct error *e)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		return error_set(e, EX_TEMPFAIL, "%s", dlerror());
	if (find(library, "curl_global_init_mem", &c->start,
	    sizeof(c->start)) &&
	    find(library, "curl_easy_init", &c->init, sizeof(c->init)) &&
	    find(library, "curl_easy_setopt", &c->set, sizeof(c->set)) &&
	    find(library, "curl_easy_perform", &c->perform,
	    sizeof(c->perform)) &&
	    find(library, "curl_easy_getinfo", &c->get, sizeof(c->get)) &&
	    find(library, "curl_easy_strerror", &c->explain,
	    sizeof(c->explain)) &&
	    find(library, "curl_easy_cleanup", &c->cleanup,
	    sizeof(c->cleanup)) && c->start(CURL_GLOBAL_DEFAULT, memory_get,
	    free, memory_again, memory_copy, memory_zero) == CURLE_OK)
		return 0;
	return error_set(e, EX_TEMPFAIL, "%s is not libcurl", LIBRARY);
}

static size_t
on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct buf *out = ctx;

	buf_add(out, data, size * count);
	/* Another number than that ends the transfer. */
	return out->full ? 0 : size * count;
}

static void
prepare(const struct calls *do_curl, CURL *curl, struct config *c,
    const char *provider, struct buf *out)
{
	const char *ca = config_path(c, "provider", provider, "ca_file");

	do_curl->set(curl, CURLOPT_PROTOCOLS_STR, "https");
	do_curl->set(curl, CURLOPT_NOSIGNAL, 1L);
	do_curl->set(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	do_curl->set(curl, CURLOPT_TIMEOUT, (long)config_duration(c,
	    "provider", provider, "timeout"));
	do_curl->set(curl, CURLOPT_USERAGENT, "omni/" OMNI_VERSION);
	do_curl->set(curl, CURLOPT_WRITEFUNCTION, on_body);
	do_curl->set(curl, CURLOPT_WRITEDATA, out);
	if (ca != NULL)
		do_curl->set(curl, CURLOPT_CAINFO, ca);
}

static void
sign_in(const struct calls *do_curl, CURL *curl, const struct credentials *who)
{
	if (who == NULL)
		return;
	if (who->how == SIGN_IN_BEARER) {
		do_curl->set(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		do_curl->set(curl, CURLOPT_XOAUTH2_BEARER,
		    buf_text(&who->secret));
		return;
	}
	do_curl->set(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	do_curl->set(curl, CURLOPT_USERNAME, who->user);
	do_curl->set(curl, CURLOPT_PASSWORD, buf_text(&who->secret));
}

static void
read_headers(const struct calls *do_curl, CURL *curl, struct fetching *f)
{
	const char *type = NULL, *location = NULL;

	do_curl->get(curl, CURLINFO_CONTENT_TYPE, &type);
	do_curl->get(curl, CURLINFO_REDIRECT_URL, &location);
	snprintf(f->type, sizeof(f->type), "%s", type == NULL ? "" : type);
	snprintf(f->location, sizeof(f->location), "%s",
	    location == NULL || strlen(location) >= sizeof(f->location) ?
	    "" : location);
}

int
fetch(struct config *c, const char *provider, const char *url,
    struct buf *out, struct error *e)
{
	struct fetching f = { .url = url };

	return fetch_signed(c, provider, &f, out, e);
}

int
fetch_signed(struct config *c, const char *provider, struct fetching *f,
    struct buf *out, struct error *e)
{
	char why[CURL_ERROR_SIZE] = "";
	struct calls do_curl = { .init = NULL };
	long status = 0;
	CURLcode rc;
	CURL *curl;

	if (load(&do_curl, e) == -1)
		return -1;
	curl = do_curl.init();
	if (curl == NULL)
		die(EX_OSERR, "libcurl cannot start");
	buf_clear(out);
	prepare(&do_curl, curl, c, provider, out);
	if (f->plain)
		do_curl.set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	sign_in(&do_curl, curl, f->who);
	do_curl.set(curl, CURLOPT_URL, f->url);
	do_curl.set(curl, CURLOPT_ERRORBUFFER, why);
	rc = do_curl.perform(curl);
	do_curl.get(curl, CURLINFO_RESPONSE_CODE, &status);
	read_headers(&do_curl, curl, f);
	do_curl.cleanup(curl);
	if (out->full)
		return error_set(e, EX_DATAERR, "the answer has more than "
		    "%zu bytes", out->max);
	if (rc != CURLE_OK)
		return error_set(e, EX_TEMPFAIL, "%s", why[0] != '\0' ? why :
		    do_curl.explain(rc));
	return (int)status;
}
