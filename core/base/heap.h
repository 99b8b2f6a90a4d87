#pragma once

namespace epi {

/// Lets freed blocks of up to 32 MiB stay with the program for the next operation, which would otherwise ask
/// the system for fresh pages and clear them. For programs that run models, once, before the first thread;
/// glibc alone knows how.
void keepFreedBlocks();

/// Gives memory that is not in use back to the system, after work that needed much. Takes milliseconds; any
/// thread.
void returnFreedBlocks();

}  // namespace epi
