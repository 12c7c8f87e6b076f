import { describe, expect, it } from 'vitest';
import { fateOf } from './operator.ts';

describe('a plan that was released', () => {
  it('may be carried out until it is over, and is good for what it has begun', () => {
    expect(['waiting', 'approved'].map((state) => fateOf({ state, carried_out_by: null }))).toEqual(['open', 'open']);
    expect(['approved', 'applied', 'refused'].map((state) => fateOf({ state, carried_out_by: 'run_1' }))).toEqual(
      Array(3).fill('begun'),
    );
  });

  it('comes to nothing where something moved, or nobody began it', () => {
    const over = ['superseded', 'refused', 'rejected', 'expired'];
    expect(over.map((state) => fateOf({ state, carried_out_by: null }))).toEqual(over.map(() => 'came_to_nothing'));
  });
});
