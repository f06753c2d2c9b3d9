/* What a file is, by its bytes. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "ingest/media_type.h"

static const char *
type_of(const char *data, size_t len, const char *claimed)
{
	struct error why = { .text = "" };
	const struct media_type *t = media_type_find(data, len, claimed, &why);

	return t == NULL ? why.text[0] == '\0' ? "no reason" : NULL : t->type;
}

#define TYPE(data, claimed)	type_of(data, sizeof(data) - 1, claimed)

static void
test_magic(void)
{
	assert(strcmp(TYPE("\xff\xd8\xff\xe0", ""), "image/jpeg") == 0);
	assert(strcmp(TYPE("\x89PNG\r\n\x1a\n", ""), "image/png") == 0);
	assert(strcmp(TYPE("GIF89a", ""), "image/gif") == 0);
	assert(strcmp(TYPE("RIFF1234WEBP", ""), "image/webp") == 0);
	assert(strcmp(TYPE("RIFF1234WAVE", ""), "audio/wav") == 0);
	assert(strcmp(TYPE("RIFF1234AVI ", ""), "video/avi") == 0);
	assert(strcmp(TYPE("1234ftypheic", ""), "image/heic") == 0);
	assert(strcmp(TYPE("1234ftypM4A ", ""), "audio/mp4") == 0);
	assert(strcmp(TYPE("1234ftypqt  ", ""), "video/quicktime") == 0);
	assert(strcmp(TYPE("1234ftypisom", ""), "video/mp4") == 0);
	assert(strcmp(TYPE("1234ftyp3gp4", ""), "video/3gpp") == 0);
	assert(strcmp(TYPE("OggS", ""), "audio/ogg") == 0);
	assert(strcmp(TYPE("#!AMR\n", ""), "audio/amr") == 0);
	assert(strcmp(TYPE("ID3\x03", ""), "audio/mpeg") == 0);
	assert(strcmp(TYPE("\xff\xfb\x90", ""), "audio/mpeg") == 0);
	assert(strcmp(TYPE("\xff\xf1\x50", ""), "audio/aac") == 0);
	assert(strcmp(TYPE("%PDF-1.7", ""), "application/pdf") == 0);
}

static void
test_claims(void)
{
	static const char jpeg[] = "\xff\xd8\xff\xe0", ogg[] = "OggS";
	static const char box[] = "1234ftypmp42";

	assert(strcmp(TYPE(jpeg, "image/png; x=y"), "image/jpeg") == 0);
	assert(strcmp(TYPE(jpeg, "application/octet-stream"),
	    "image/jpeg") == 0);
	assert(TYPE(jpeg, "text/html") == NULL);
	assert(TYPE(jpeg, "application/pdf") == NULL);
	assert(strcmp(TYPE(box, "audio/mp4"), "audio/mp4") == 0);
	assert(strcmp(TYPE(box, "VIDEO/MP4"), "video/mp4") == 0);
	assert(TYPE(box, "image/jpeg") == NULL);
	assert(strcmp(TYPE(ogg, "application/ogg"), "audio/ogg") == 0);
	assert(TYPE("%PDF-", "image/jpeg") == NULL);
}

/* Cut off anywhere, and what is no file at all. */
static void
test_others(void)
{
	static const char png[] = "\x89PNG\r\n\x1a\n";

	for (size_t n = 0; n < sizeof(png) - 1; n++)
		assert(type_of(png, n, "image/png") == NULL);
	assert(TYPE("<html><img src=x>", "image/jpeg") == NULL);
	assert(TYPE("PK\x03\x04", "application/zip") == NULL);
	assert(TYPE("MZ\x90", "") == NULL);
	assert(TYPE("RIFF1234", "") == NULL);
	assert(TYPE("RIFF1234ACON", "") == NULL);
	assert(TYPE("1234ftyp", "") != NULL);	/* of no brand */
}

static void
test_words(void)
{
	char word[16];

	assert(media_type_allowed("image pdf", "image/png"));
	assert(media_type_allowed("image, pdf", "application/pdf"));
	assert(!media_type_allowed("image pdf", "audio/ogg"));
	assert(!media_type_allowed("none", "image/png"));
	assert(media_type_allowed("audio video", "video/mp4"));
	assert(!media_type_unknown("image audio video pdf none", word,
	    sizeof(word)));
	assert(media_type_unknown("image exe", word, sizeof(word)));
	assert(strcmp(word, "exe") == 0);
}

int
main(void)
{
	test_magic();
	test_claims();
	test_others();
	test_words();
	return 0;
}
