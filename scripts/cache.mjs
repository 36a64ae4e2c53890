import { join } from 'node:path';

/** Where set-up keeps what it downloads and builds. Removing it costs a download. */
export const cacheFolder = process.env.EIGENLOOM_CACHE ?? join(process.cwd(), '.cache');
