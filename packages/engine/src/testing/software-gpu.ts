import { existsSync } from 'node:fs';

// Where Debian's package chromium has SwiftShader, Vulkan in software.
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Lets tests of webgpu run where there is no GPU but SwiftShader. It is added to the machine's drivers; a GPU is preferred. */
export function addSoftwareGpu(): void {
  if (existsSync(SWIFTSHADER)) process.env['VK_ADD_DRIVER_FILES'] ??= SWIFTSHADER;
}
