/** One subject in a process of its own. Which one, the questions say. */

import { serve } from '../actor.ts';
import { backstageRead } from '../subjects/backstage-read.ts';
import { bareRead } from '../subjects/bare-read.ts';
import { entrain } from '../subjects/entrain.ts';
import { insertSame } from '../subjects/insert-same.ts';
import { rawProvision } from '../subjects/raw-provision.ts';
import { sdkRead } from '../subjects/sdk-read.ts';
import { sourceRead } from '../subjects/source-read.ts';
import { usualWay } from '../subjects/usual-way.ts';

serve({
  ...bareRead,
  ...sourceRead,
  ...sdkRead,
  ...entrain,
  ...rawProvision,
  ...backstageRead,
  ...usualWay,
  ...insertSame,
});
