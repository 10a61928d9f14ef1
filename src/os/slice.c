/* Packets come in bursts, and who reads what they carry often shares a processor with us.
 * While our turns are as long as his, each wake-up of ours may interrupt him, and the next
 * burst finds his socket full. By the scheduler's deadlines (EEVDF), who asks for longer
 * turns comes after those who do not, so he reads first: docs/PERFORMANCE.md has the
 * figures, and those of SCHED_BATCH and sched_yield(2), which are worse. */
#include "os/slice.h"

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 20000000u

/* sched_setattr(2): SCHED_FLAG_RESET_ON_FORK. */
#define RESET_ON_FORK 1u

/* struct sched_attr of <linux/sched/types.h>, which cannot be included beside <sched.h>. */
struct attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime; /* for SCHED_OTHER the slice, from 0.1 to 100 ms */
	uint64_t deadline;
	uint64_t period;
};

void wg_slice_lengthen(void)
{
	struct attributes attributes = {.size = sizeof(attributes)};

	if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) < 0 ||
	    attributes.policy != SCHED_OTHER)
		return;
	attributes.flags = RESET_ON_FORK;
	attributes.runtime = SLICE_NS;
	/* Nothing depends on it. */
	(void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}
