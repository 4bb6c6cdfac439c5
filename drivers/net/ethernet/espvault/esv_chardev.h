/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/espvaultN */
#ifndef _ESV_CHARDEV_H
#define _ESV_CHARDEV_H

#include "esv.h"

struct esv_chardev;

struct esv_chardev *esv_chardev_new(struct esv_dev *edev);
void esv_chardev_free(struct esv_chardev *cdev);

#endif
