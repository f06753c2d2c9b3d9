/*
 * What strangers send along, and what WhatsApp says of it, under inputs made by
 * chance, for libFuzzer or feed.c: a type is one of those that are known, and
 * the name that a file gets is made of nothing else.
 *
 * An input is the file; what stands before its first newline, if that begins
 * with a '?', is what the server calls it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/media_store.h"
#include "ingest/media_type.h"
#include "provider/inbound_media.h"
#include "promise.h"

#define CLAIMED_MAX	128
#define ALL		"image audio video pdf"

static void
check_type(const char *data, size_t size, const char *claimed)
{
	static const char digest[] = "0123456789abcdef0123456789abcdef"
	    "0123456789abcdef0123456789abcdef";
	const struct media_type *t;
	char path[MEDIA_PATH];
	struct error e = { .text = "" };

	t = media_type_find(data, size, claimed, &e);
	if (t == NULL) {
		promise(e.text[0] != '\0', "a reason");
		return;
	}
	promise(media_type_allowed(ALL, t->type), "a class");
	promise(!media_type_allowed("none", t->type), "none is none");
	media_store_path("2026-11-23T23:00:00Z", digest, t->ending, path);
	promise(strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789-/.") ==
	    strlen(path) && strstr(path, "..") == NULL, "a plain path");
}

static void
check_link(const char *data, size_t size)
{
	struct inbound_link link;
	struct error e;

	if (inbound_media_link(data, size, &link, &e) == -1)
		return;
	promise(strlen(link.url) < INBOUND_URL_MAX, "a URL");
	promise(link.digest[0] == '\0' || strlen(link.digest) == 64,
	    "a digest");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end;
	char claimed[CLAIMED_MAX] = "";
	size_t n;

	end = size > 0 && data[0] == '?' ? memchr(data, '\n', size) : NULL;
	if (end != NULL) {
		n = (size_t)(end - text) - 1;
		n = n < sizeof(claimed) - 1 ? n : sizeof(claimed) - 1;
		memcpy(claimed, text + 1, n);
		claimed[n] = '\0';
		size -= (size_t)(end + 1 - text);
		text = end + 1;
	}
	check_type(text, size, claimed);
	check_link(text, size);
	return 0;
}
