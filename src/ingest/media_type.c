#include "media_type.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/config.h"

#define WORD_MAX_BYTES	64

enum class { IMAGE, AUDIO, VIDEO, PDF, CLASSES };

/* As they stand in [ingest] media, and before the slash of a type. */
static const struct {
	const char *word, *prefix;
} classes[CLASSES] = {
	[IMAGE] = { "image", "image/" }, [AUDIO] = { "audio", "audio/" },
	[VIDEO] = { "video", "video/" }, [PDF] = { "pdf", "application/pdf" }
};

/*
 * `magic` stands at `at`, and `more`, if there is one, at 8; "?" is any byte.
 * Where sound and film come in the same box, `other` is the sound in it.
 */
static const struct kind {
	enum class class;
	struct media_type is, other;
	size_t at, len;
	const char *magic, *more;
} kinds[] = {
	{ IMAGE, { "image/jpeg", "jpg" }, { NULL, NULL }, 0, 3,
	    "\xff\xd8\xff", NULL },
	{ IMAGE, { "image/png", "png" }, { NULL, NULL }, 0, 8,
	    "\x89PNG\r\n\x1a\n", NULL },
	{ IMAGE, { "image/gif", "gif" }, { NULL, NULL }, 0, 4, "GIF8", NULL },
	{ IMAGE, { "image/webp", "webp" }, { NULL, NULL }, 0, 4, "RIFF",
	    "WEBP" },
	{ IMAGE, { "image/heic", "heic" }, { NULL, NULL }, 4, 4, "ftyp",
	    "heic" },
	{ IMAGE, { "image/heic", "heic" }, { NULL, NULL }, 4, 4, "ftyp",
	    "mif1" },
	{ AUDIO, { "audio/mp4", "m4a" }, { NULL, NULL }, 4, 4, "ftyp", "M4A " },
	{ VIDEO, { "video/quicktime", "mov" }, { NULL, NULL }, 4, 4, "ftyp",
	    "qt  " },
	{ VIDEO, { "video/3gpp", "3gp" }, { "audio/3gpp", "3ga" }, 4, 4,
	    "ftyp", "3g" },
	{ VIDEO, { "video/mp4", "mp4" }, { "audio/mp4", "m4a" }, 4, 4, "ftyp",
	    NULL },
	{ VIDEO, { "video/webm", "webm" }, { "audio/webm", "weba" }, 0, 4,
	    "\x1a\x45\xdf\xa3", NULL },
	{ AUDIO, { "audio/wav", "wav" }, { NULL, NULL }, 0, 4, "RIFF",
	    "WAVE" },
	{ VIDEO, { "video/avi", "avi" }, { NULL, NULL }, 0, 4, "RIFF",
	    "AVI " },
	{ AUDIO, { "audio/ogg", "ogg" }, { NULL, NULL }, 0, 4, "OggS", NULL },
	{ AUDIO, { "audio/amr", "amr" }, { NULL, NULL }, 0, 5, "#!AMR", NULL },
	{ AUDIO, { "audio/mpeg", "mp3" }, { NULL, NULL }, 0, 3, "ID3", NULL },
	{ AUDIO, { "audio/aac", "aac" }, { NULL, NULL }, 0, 2, "\xff\xf1",
	    NULL },
	{ AUDIO, { "audio/aac", "aac" }, { NULL, NULL }, 0, 2, "\xff\xf9",
	    NULL },
	{ AUDIO, { "audio/mpeg", "mp3" }, { NULL, NULL }, 0, 2, "\xff\xfb",
	    NULL },
	{ AUDIO, { "audio/mpeg", "mp3" }, { NULL, NULL }, 0, 2, "\xff\xf3",
	    NULL },
	{ PDF, { "application/pdf", "pdf" }, { NULL, NULL }, 0, 5, "%PDF-",
	    NULL }
};

static bool
has(const char *data, size_t len, size_t at, const char *magic, size_t n)
{
	return len >= at + n && memcmp(data + at, magic, n) == 0;
}

static const struct kind *
find_kind(const char *data, size_t len)
{
	const struct kind *k;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		k = &kinds[i];
		if (has(data, len, k->at, k->magic, k->len) &&
		    (k->more == NULL ||
		    has(data, len, 8, k->more, strlen(k->more))))
			return k;
	}
	return NULL;
}

static bool
is_of(const char *claimed, enum class class)
{
	return strncasecmp(claimed, classes[class].prefix,
	    strlen(classes[class].prefix)) == 0;
}

/* What says no more than "bytes" contradicts nothing. */
static bool
says_nothing(const char *claimed)
{
	static const char *const words[] = { "application/octet-stream",
	    "binary/octet-stream", "application/ogg" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncasecmp(claimed, words[i], strlen(words[i])) == 0)
			return true;
	return claimed[0] == '\0';
}

const struct media_type *
media_type_find(const void *data, size_t len, const char *claimed,
    struct error *why)
{
	const struct kind *k = find_kind(data, len);

	if (k == NULL) {
		error_set(why, EX_DATAERR, "of no type that is known%s%.100s",
		    claimed[0] == '\0' ? "" : "; called ", claimed);
		return NULL;
	}
	if (says_nothing(claimed) || is_of(claimed, k->class))
		return &k->is;
	if (k->other.type != NULL && is_of(claimed, AUDIO))
		return &k->other;
	error_set(why, EX_DATAERR, "called %.100s, but it is %s", claimed,
	    k->is.type);
	return NULL;
}

bool
media_type_allowed(const char *words, const char *type)
{
	char word[WORD_MAX_BYTES];

	for (size_t i = 0; config_word(words, i, word, sizeof(word)); i++)
		for (size_t k = 0; k < CLASSES; k++)
			if (strcmp(word, classes[k].word) == 0 &&
			    is_of(type, (enum class)k))
				return true;
	return false;
}

bool
media_type_unknown(const char *words, char *word, size_t size)
{
	bool known = true;

	for (size_t i = 0; known && config_word(words, i, word, size); i++) {
		known = strcmp(word, "none") == 0;
		for (size_t k = 0; k < CLASSES; k++)
			known = known || strcmp(word, classes[k].word) == 0;
	}
	return !known;
}
