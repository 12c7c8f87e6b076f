import { describe, expect, it } from 'vitest';
import { turnProcessor } from '../../workers/processors.ts';

describe('a processor', () => {
  it('declares three parameters, or BullMQ would keep the abort signal to itself', () => {
    expect(turnProcessor(async () => ({ next: 'done' })).length).toBe(3);
  });
});
