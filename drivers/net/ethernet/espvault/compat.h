/* SPDX-License-Identifier: GPL-2.0 */
/* espvault: differences between the kernels that it builds on, 6.1 and later. */
#ifndef _ESV_COMPAT_H
#define _ESV_COMPAT_H

#include <linux/netdevice.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include <net/page_pool/helpers.h>
#else
#include <net/page_pool.h>
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <net/netdev_queues.h>
#endif

/* Newer interfaces of the stack, by the kernel that brought them. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define ESV_HAVE_RXFH_PARAM	1
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define ESV_HAVE_QSTATS		1
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define ESV_HAVE_RX_RING_COUNT	1
#endif

/* Pages that are split among buffers needed a flag at first. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define ESV_PP_FLAG_FRAG	PP_FLAG_PAGE_FRAG
#else
#define ESV_PP_FLAG_FRAG	0
#endif

static inline void esv_page_pool_params(struct page_pool_params *pp, struct net_device *netdev,
					struct napi_struct *napi)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	pp->netdev = netdev;
	pp->napi = napi;
#endif
}

/* Which interrupt and which queues a NAPI context serves, for netlink. */
static inline void esv_napi_bind(struct net_device *netdev, struct napi_struct *napi,
				 unsigned int index, int irq)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	netif_napi_set_irq(napi, irq);
	netif_queue_set_napi(netdev, index, NETDEV_QUEUE_TYPE_RX, napi);
	netif_queue_set_napi(netdev, index, NETDEV_QUEUE_TYPE_TX, napi);
#endif
}

static inline void esv_napi_unbind(struct net_device *netdev, unsigned int index)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	netif_queue_set_napi(netdev, index, NETDEV_QUEUE_TYPE_RX, NULL);
	netif_queue_set_napi(netdev, index, NETDEV_QUEUE_TYPE_TX, NULL);
#endif
}

/* The queue helpers of net/netdev_queues.h, for kernels before them. */
#ifndef netif_txq_maybe_stop
#define netif_txq_maybe_stop(txq, room, stop_at, start_at)		\
({									\
	int _kept = 1;							\
									\
	if (unlikely((room) < (stop_at))) {				\
		netif_tx_stop_queue(txq);				\
		/* Pairs with the barrier of the completion side. */	\
		smp_mb();						\
		_kept = 0;						\
		if (unlikely((room) >= (start_at))) {			\
			netif_tx_start_queue(txq);			\
			_kept = -1;					\
		}							\
	}								\
	_kept;								\
})

#define netif_txq_completed_wake(txq, pkts, bytes, room, start_at)	\
do {									\
	netdev_tx_completed_queue(txq, pkts, bytes);			\
	/* Whoever stops the queue from here on sees the new room. */	\
	smp_mb();							\
	if ((pkts) && (room) >= (start_at) && netif_tx_queue_stopped(txq)) \
		netif_tx_wake_queue(txq);				\
} while (0)
#endif

#endif
