#include "whatsapp_hook.h"

#include <string.h>

#include "base/digest.h"

#define SIGNATURE	"sha256="
#define CHALLENGE_MAX	64

bool
whatsapp_signature_valid(const char *secret, const char *body, size_t len,
    const char *signature)
{
	char want[sizeof(SIGNATURE) + DIGEST_HEX] = SIGNATURE;

	if (secret[0] == '\0' || signature == NULL)
		return false;
	digest_hmac_sha256(secret, strlen(secret), body, len,
	    want + strlen(SIGNATURE));
	return digest_equal(want, signature);
}

static bool
is_challenge(const char *s)
{
	size_t len = strlen(s);

	return len >= 1 && len <= CHALLENGE_MAX &&
	    strspn(s, "0123456789") == len;
}

const char *
whatsapp_challenge(const struct form *query, const char *token)
{
	const char *mode = form_get(query, "hub.mode");
	const char *theirs = form_get(query, "hub.verify_token");
	const char *challenge = form_get(query, "hub.challenge");

	if (token[0] == '\0' || mode == NULL || theirs == NULL ||
	    challenge == NULL || strcmp(mode, "subscribe") != 0 ||
	    !digest_equal(token, theirs))
		return NULL;
	return is_challenge(challenge) ? challenge : NULL;
}
