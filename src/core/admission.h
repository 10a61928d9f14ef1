/* The decision which messages may cost us a Diffie-Hellman. Handshake messages are looked
 * at when they arrive, put in lanes (core/handshake_queue.h), and taken out when it is
 * their turn. Under load, messages that carry no cookie are not taken but answered with
 * one, which costs a hundredth and proves that the source is where it says. Only this
 * folder includes it. */
#ifndef WG_CORE_ADMISSION_H
#define WG_CORE_ADMISSION_H

#include "core/engine.h"

/* Takes an initiation or response that came. It gets a place in its kind's lane unless mac1
 * is wrong, or it is a response that nobody awaits; under load a right cookie gives it a
 * place in the lane of messages whose source is proven, within the rate of that source. */
void wg_admission_receive(struct wg_device *device, const struct wg_packet *packet,
			  enum wg_message kind, const struct wg_path *path, wg_time now);

/* Answers messages that wait in lanes under load and have no cookie, up to a budget. */
void wg_admission_answer(struct wg_device *device, wg_time now, struct wg_out *out);
/* Whether wg_admission_answer has something to do whatever the time is. */
bool wg_admission_answers(const struct wg_device *device);

/* The next message of a lane that may have a job; valid until the next of that lane
 * arrives. NULL: none now. */
const struct wg_queued_handshake *wg_admission_take(struct wg_device *device, enum wg_lane lane,
						    wg_time now);

/* The handshake of ours under way that a response names, or NULL. */
struct wg_peer *wg_admission_awaits(const struct wg_device *device,
				    const struct wg_wire_response *response);

#endif
