#undef NDEBUG
#include <assert.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/digest.h"
#include "provider/sns.h"

#define TOPIC	"arn:aws:sns:us-east-1:123456789012:ses-events"
#define CERT	"https://sns.us-east-1.amazonaws.com/S-1.pem"
#define NOW	1795489200	/* 2026-11-24T03:00:00Z */

static struct arena mem = ARENA_INIT(16 * 1024 * 1024);

/* Valid for a day on both sides of NOW; to be freed with its key. */
static char *
make_certificate(EVP_PKEY *key)
{
	X509 *x = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *pem;
	long len;

	assert(x != NULL && bio != NULL);
	assert(ASN1_TIME_set(X509_getm_notBefore(x), NOW - 86400) != NULL);
	assert(ASN1_TIME_set(X509_getm_notAfter(x), NOW + 86400) != NULL);
	assert(X509_set_pubkey(x, key) == 1);
	assert(X509_sign(x, key, EVP_sha256()) > 0);
	assert(PEM_write_bio_X509(bio, x) == 1);
	len = BIO_get_mem_data(bio, &data);
	pem = arena_strndup(&mem, data, (size_t)len);
	BIO_free(bio);
	X509_free(x);
	return pem;
}

static const char *
sign(EVP_PKEY *key, const EVP_MD *digest, const char *text)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t len = sizeof(signature);
	char *out = arena_alloc(&mem, 2048);

	assert(EVP_DigestSignInit(md, NULL, digest, NULL, key) == 1);
	assert(EVP_DigestSign(md, signature, &len,
	    (const unsigned char *)text, strlen(text)) == 1);
	EVP_MD_CTX_free(md);
	digest_base64(signature, len, out);
	return out;
}

/* An envelope with these members, besides those that all have. */
static char *
envelope(const char *more)
{
	return arena_printf(&mem, "{\"MessageId\":\"m-1\",\"TopicArn\":\"%s\","
	    "\"Message\":\"Se\\u00f1or\\n\",\"Timestamp\":"
	    "\"2026-11-24T02:59:00.5Z\",%s}", TOPIC, more);
}

static const char *
fault(const char *body)
{
	static struct error e;
	struct sns m;

	if (sns_read(&m, body, strlen(body), &e) == -1) {
		assert(e.status == EX_DATAERR && m.root == NULL);
		return e.text;
	}
	sns_release(&m);
	return "";
}

static bool
is_url(const char *url)
{
	const char *text = fault(envelope(arena_printf(&mem, "\"Type\":"
	    "\"Notification\",\"SigningCertURL\":\"%s\"", url)));

	assert(text[0] == '\0' || strncmp(text, "SigningCertURL: ", 16) == 0);
	return text[0] == '\0';
}

static void
test_urls(void)
{
	assert(is_url(CERT));
	assert(is_url("https://sns.cn-north-1.amazonaws.com.cn/S-1.pem"));
	assert(is_url("https://sns.us-gov-west-1.amazonaws.com/"
	    "SimpleNotificationService-0123456789abcdef.pem"));
	assert(!is_url("http://sns.us-east-1.amazonaws.com/S-1.pem"));
	assert(!is_url("https://sns.us-east-1.amazonaws.com.evil.org/S.pem"));
	assert(!is_url("https://sns.us-east-1.amazonaws.com.cn.org/S.pem"));
	assert(!is_url("https://a@sns.us-east-1.amazonaws.com/S.pem"));
	assert(!is_url("https://sns.us-east-1.amazonaws.com@evil.org/S.pem"));
	assert(!is_url("https://sns.us-east-1.amazonaws.com:443/S.pem"));
	assert(!is_url("https://sns.evil.org/x.amazonaws.com/S.pem"));
	assert(!is_url("https://sns..amazonaws.com/S.pem"));
	assert(!is_url("https://sns.amazonaws.com/S.pem"));
	assert(!is_url("https://sns.us-east-1.amazonaws.com/?x=S.pem"));
	assert(!is_url("https://sns.us-east-1.amazonaws.com/a/../S.pem"));
	assert(!is_url("https://sns.us-east-1.amazonaws.com/%2e.pem"));
	assert(!is_url("https://sns.us-east-1.amazonaws.com/.pem"));
	assert(!is_url("https://sns.us-east-1.amazonaws.com/S.pem#a"));
	assert(!is_url("https://sns.us-east-1.amazonaws.com/S.pem\\n"));
	assert(!is_url("https://sns.us-east-1.amazonaws.com/S.PEM"));
	assert(!is_url("https://sns.us-east-1.amazonaws.com"));
	assert(!is_url(""));
}

static void
test_shape(void)
{
	assert(strstr(fault("{"), "not JSON") != NULL);
	assert(strcmp(fault("[]"), "Type: missing: none that SNS has") == 0);
	assert(strcmp(fault(envelope("\"Type\":\"notification\"")),
	    "Type: notification: none that SNS has") == 0);
	assert(strcmp(fault(envelope("\"Type\":\"Notification\"")),
	    "SigningCertURL: missing") == 0);
	assert(strcmp(fault(envelope("\"Type\":\"SubscriptionConfirmation\","
	    "\"SigningCertURL\":\"" CERT "\"")),
	    "SubscribeURL: missing") == 0);
	assert(strncmp(fault(envelope("\"Type\":\"UnsubscribeConfirmation\","
	    "\"SigningCertURL\":\"" CERT "\",\"SubscribeURL\":"
	    "\"https://sns.us-east-1.amazonaws.com/?a b\"")),
	    "SubscribeURL: https", 19) == 0);
	assert(fault(envelope("\"Type\":\"SubscriptionConfirmation\","
	    "\"SigningCertURL\":\"" CERT "\",\"SubscribeURL\":"
	    "\"https://sns.us-east-1.amazonaws.com/?Action=x\""))[0] == '\0');
}

/* What sns_check() says of this envelope, "" when it is signed. */
static const char *
verdict(const char *body, const char *pem, instant received)
{
	static struct error e;
	struct sns m;
	int rc;

	assert(sns_read(&m, body, strlen(body), &e) == 0);
	rc = sns_check(&m, pem, strlen(pem), received, &e);
	sns_release(&m);
	assert(rc == 0 || e.status == EX_DATAERR);
	return rc == 0 ? "" : e.text;
}

static char *
notification(const char *version, const char *signature, const char *more)
{
	return envelope(arena_printf(&mem, "\"Type\":\"Notification\","
	    "\"SigningCertURL\":\"" CERT "\",\"SignatureVersion\":\"%s\","
	    "\"Signature\":\"%s\"%s", version, signature, more));
}

static bool
is_bad(const char *text)
{
	return strcmp(text, "Signature: missing or wrong") == 0;
}

static void
test_signature(EVP_PKEY *key, const char *pem)
{
	static const char plain[] = "Message\nSe\xc3\xb1or\n\nMessageId\n"
	    "m-1\nTimestamp\n2026-11-24T02:59:00.5Z\nTopicArn\n" TOPIC
	    "\nType\nNotification\n";
	static const char subject[] = "Message\nSe\xc3\xb1or\n\nMessageId\n"
	    "m-1\nSubject\n\nTimestamp\n2026-11-24T02:59:00.5Z\nTopicArn\n"
	    TOPIC "\nType\nNotification\n";
	const char *one = sign(key, EVP_sha1(), plain);
	const char *two = sign(key, EVP_sha256(), plain);
	const char *with = sign(key, EVP_sha256(), subject);

	assert(verdict(notification("1", one, ""), pem, NOW)[0] == '\0');
	assert(verdict(notification("2", two, ""), pem, NOW)[0] == '\0');
	assert(verdict(notification("2", two, ",\"Subject\":null"), pem,
	    NOW)[0] == '\0');
	assert(verdict(notification("2", with, ",\"Subject\":\"\""), pem,
	    NOW)[0] == '\0');
	assert(is_bad(verdict(notification("2", one, ""), pem, NOW)));
	assert(is_bad(verdict(notification("1", two, ""), pem, NOW)));
	assert(is_bad(verdict(notification("2", with, ""), pem, NOW)));
	assert(is_bad(verdict(notification("2", two, ",\"Subject\":\"\""),
	    pem, NOW)));
	assert(is_bad(verdict(notification("2", "", ""), pem, NOW)));
	assert(is_bad(verdict(notification("2", "!", ""), pem, NOW)));
	assert(strcmp(verdict(notification("", two, ""), pem, NOW),
	    "SignatureVersion: neither 1 nor 2") == 0);
}

static void
test_times(EVP_PKEY *key, const char *pem)
{
	const char *two = sign(key, EVP_sha256(), "Message\nSe\xc3\xb1or\n\n"
	    "MessageId\nm-1\nTimestamp\n2026-11-24T02:59:00.5Z\nTopicArn\n"
	    TOPIC "\nType\nNotification\n");
	const char *body = notification("2", two, "");
	instant sent;

	assert(clock_parse("2026-11-24T02:59:00Z", &sent));
	assert(verdict(body, pem, sent + 7200)[0] == '\0');
	assert(verdict(body, pem, sent - 7200)[0] == '\0');
	assert(strstr(verdict(body, pem, sent + 7201), "Timestamp") != NULL);
	assert(strstr(verdict(body, pem, sent - 7201), "Timestamp") != NULL);
	assert(strstr(verdict(body, pem, NOW + 86401), "not valid") != NULL);
	assert(strstr(verdict(body, pem, NOW - 86401), "not valid") != NULL);
	assert(strstr(verdict(body, "x", NOW), "no certificate") != NULL);
}

static char *
confirmation(const char *more, const char *signature)
{
	return envelope(arena_printf(&mem, "\"Type\":"
	    "\"SubscriptionConfirmation\",\"SigningCertURL\":\"" CERT "\","
	    "\"SignatureVersion\":\"1\",\"SubscribeURL\":"
	    "\"https://sns.us-east-1.amazonaws.com/?T=1%s\",\"Token\":\"t\","
	    "\"Signature\":\"%s\"", more, signature));
}

static void
test_confirmation(EVP_PKEY *key, const char *pem)
{
	const char *signature = sign(key, EVP_sha1(), "Message\n"
	    "Se\xc3\xb1or\n\nMessageId\nm-1\nSubscribeURL\n"
	    "https://sns.us-east-1.amazonaws.com/?T=1\nTimestamp\n"
	    "2026-11-24T02:59:00.5Z\nToken\nt\nTopicArn\n" TOPIC "\nType\n"
	    "SubscriptionConfirmation\n");

	assert(verdict(confirmation("", signature), pem, NOW)[0] == '\0');
	assert(is_bad(verdict(confirmation("0", signature), pem, NOW)));
}

static struct config *
configuration(const char *text)
{
	char path[] = "/tmp/omni-sns-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");
	struct config *c;
	struct error e;

	assert(f != NULL && fputs(text, f) != EOF && fclose(f) == 0);
	c = config_load(path, NULL, 0, &e);
	assert(c != NULL && unlink(path) == 0);
	return c;
}

static void
test_topics(void)
{
	struct config *c = configuration("[provider a]\nkind = twilio\n"
	    "sns_topic = arn:x\n[provider b]\nkind = ses\n"
	    "[provider d]\nkind = ses\nsns_topic = arn:y, arn:z\n");
	bool any;

	assert(sns_provider(c, "arn:x", &any) == NULL && any);
	assert(strcmp(sns_provider(c, "arn:z", &any), "d") == 0);
	assert(sns_provider(c, "arn:", NULL) == NULL);
	assert(sns_provider(c, "", NULL) == NULL);
	config_free(c);
	c = configuration("[provider a]\nkind = twilio\nsns_topic = arn:x\n");
	assert(sns_provider(c, "arn:x", &any) == NULL && !any);
	config_free(c);
}

int
main(void)
{
	EVP_PKEY *key = EVP_RSA_gen(2048), *small = EVP_RSA_gen(1024);
	EVP_PKEY *curve = EVP_EC_gen("P-256");
	const char *pem;

	assert(key != NULL && small != NULL && curve != NULL);
	record_setup();
	pem = make_certificate(key);
	test_urls();
	test_shape();
	test_signature(key, pem);
	test_times(key, pem);
	test_confirmation(key, pem);
	test_topics();
	assert(sns_is_certificate(pem, strlen(pem)));
	assert(!sns_is_certificate(pem, strlen(pem) / 2));
	pem = make_certificate(small);
	assert(!sns_is_certificate(pem, strlen(pem)));
	pem = make_certificate(curve);
	assert(!sns_is_certificate(pem, strlen(pem)));
	EVP_PKEY_free(key);
	EVP_PKEY_free(small);
	EVP_PKEY_free(curve);
	arena_release(&mem);
	return 0;
}
