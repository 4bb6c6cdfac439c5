/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/net/espvault/trace-hw_net_espvault.h"
