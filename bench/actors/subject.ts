/** One subject in a process of its own. Which one, the questions say. */

import { serve } from '../actor.ts';
import { bareRead } from '../subjects/bare-read.ts';
import { entrain } from '../subjects/entrain.ts';
import { sdkRead } from '../subjects/sdk-read.ts';
import { sourceRead } from '../subjects/source-read.ts';

serve({ ...bareRead, ...sourceRead, ...sdkRead, ...entrain });
