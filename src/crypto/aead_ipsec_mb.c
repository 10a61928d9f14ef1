/* The AEAD by libIPSec_MB: x86-64 with AVX2 or AVX-512.
 *
 * It is driven through the job interface, since that keeps a short message's key stream,
 * tag and clean-up in one pass: at most lengths it takes 15 to 60 % less time than the
 * direct interface, and at the worst (just below 1024 and 2048 bytes) 5 % more. A job of
 * this cipher is done when its submission returns. Nevertheless the code makes sure that no
 * job is left, because a message that was not sealed must not leave.
 *
 * A manager holds a ring of jobs and belongs to one thread. Every thread makes its own
 * when it first seals or opens (200 KB; 0.5 ms, most of it the library's self-test) and
 * keeps it until wg_crypto_thread_deinit(). A thread that gets none, for want of memory,
 * works by libsodium: both give the same bytes. */
#include "crypto/aead_impl.h"

#include <assert.h>

#include <intel-ipsec-mb.h>
#include <sodium.h>

#include "crypto/secret.h"

/* Messages at a time: few enough that the state of all fits on the stack. */
#define GROUP_LEN 64

static _Thread_local IMB_MGR *manager;

static IMB_MGR *find_manager(void)
{
	IMB_ARCH arch = IMB_ARCH_NONE;

	if (manager)
		return manager;
	manager = alloc_mb_mgr(0);
	if (!manager)
		return NULL;
	init_mb_mgr_auto(manager, &arch);
	/* SSE only: libsodium is no slower then. Or the self-test failed. */
	if (arch < IMB_ARCH_AVX2 || imb_get_errno(manager)) {
		free_mb_mgr(manager);
		manager = NULL;
	}
	return manager;
}

static bool available(void)
{
	return find_manager() != NULL;
}

static void thread_deinit(void)
{
	if (manager)
		free_mb_mgr(manager);
	manager = NULL;
}

static void fill_job(IMB_JOB *job, IMB_CIPHER_DIRECTION direction, const uint8_t *key,
		     const uint8_t *nonce, const struct wg_aead_item *item, uint8_t *tag)
{
	job->cipher_direction = direction;
	job->chain_order = direction == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH
							: IMB_ORDER_HASH_CIPHER;
	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	job->enc_keys = key;
	job->dec_keys = key;
	job->key_len_in_bytes = WG_KEY_LEN;
	job->iv = nonce;
	job->iv_len_in_bytes = WG_AEAD_NONCE_LEN;
	job->u.CHACHA20_POLY1305.aad = NULL;
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = 0;
	job->src = item->in;
	job->dst = item->out;
	job->cipher_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = item->len;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = item->len;
	job->auth_tag_output = tag;
	job->auth_tag_output_len_in_bytes = WG_TAG_LEN;
}

/* Runs n items, at most GROUP_LEN. Their tags go to tags, or behind their output
 * where it is NULL. */
static void run(IMB_CIPHER_DIRECTION direction, const uint8_t *key,
		const struct wg_aead_item *items, size_t n, uint8_t (*tags)[WG_TAG_LEN])
{
	uint8_t nonces[GROUP_LEN][WG_AEAD_NONCE_LEN];
	size_t n_done = 0;
	const IMB_JOB *job;

	for (size_t i = 0; i < n; i++) {
		wg_aead_nonce(nonces[i], items[i].counter);
		/* Unchecked: a check would refuse messages without plaintext in some
		 * versions, and everything beside that is right by construction. */
		fill_job(IMB_GET_NEXT_JOB(manager), direction, key, nonces[i], &items[i],
			 tags ? tags[i] : items[i].out + items[i].len);
		job = IMB_SUBMIT_JOB_NOCHECK(manager);
		n_done += job && job->status == IMB_STATUS_COMPLETED;
	}
	while (n_done < n && (job = IMB_FLUSH_JOB(manager)))
		n_done += job->status == IMB_STATUS_COMPLETED;
	assert(n_done == n);
}

static void seal_vector(const uint8_t key[static WG_KEY_LEN], struct wg_aead_item *items, size_t n)
{
	if (!find_manager()) {
		wg_aead_sodium.seal_vector(key, items, n);
		return;
	}
	while (n) {
		size_t group = n < GROUP_LEN ? n : GROUP_LEN;

		run(IMB_DIR_ENCRYPT, key, items, group, NULL);
		items += group;
		n -= group;
	}
}

/* The library decrypts before the tag can be compared. */
static void verify(struct wg_aead_item *item, const uint8_t tag[static WG_TAG_LEN],
		   const uint8_t received[static WG_TAG_LEN])
{
	item->ok = crypto_verify_16(tag, received) == 0;
	if (!item->ok)
		wg_wipe(item->out, item->len);
}

static void open_vector(const uint8_t key[static WG_KEY_LEN], struct wg_aead_item *items, size_t n)
{
	uint8_t tags[GROUP_LEN][WG_TAG_LEN];
	size_t n_tags = n < GROUP_LEN ? n : GROUP_LEN;

	if (!find_manager()) {
		wg_aead_sodium.open_vector(key, items, n);
		return;
	}
	while (n) {
		size_t group = n < GROUP_LEN ? n : GROUP_LEN;

		run(IMB_DIR_DECRYPT, key, items, group, tags);
		for (size_t i = 0; i < group; i++)
			verify(&items[i], tags[i], items[i].in + items[i].len);
		items += group;
		n -= group;
	}
	/* Of a forged message, it is what the forger wants to know. */
	wg_wipe(tags, n_tags * sizeof(tags[0]));
}

const struct wg_aead_impl wg_aead_ipsec_mb = {
	.name = "ipsec-mb",
	.available = available,
	.seal_vector = seal_vector,
	.open_vector = open_vector,
	.thread_deinit = thread_deinit,
};
