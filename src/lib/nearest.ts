/**
 * The known word that a mistyped one was probably meant to be: the one at the smallest edit distance, if that is at most
 * a third of the word's length, and at least one edit is always forgiven. Case does not count, nor does the order of the
 * parts of a name such as max_connections.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  // Nobody mistypes a word this long, and the distance is quadratic.
  if (word.length > 100) {
    return undefined;
  }
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = Math.min(
      editDistance(word.toLowerCase(), candidate.toLowerCase()),
      editDistance(inOrder(word), inOrder(candidate)),
    );
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function inOrder(word: string): string {
  return word.toLowerCase().split(/[_-]/).sort().join("_");
}

/** How many letters must be put in, left out, replaced or swapped with their neighbour ("optimal string alignment"). */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let distance = Math.min(
        cell(last, column) + 1,
        cell(current, column - 1) + 1,
        cell(last, column - 1) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        distance = Math.min(distance, cell(beforeLast, column - 2) + 1);
      }
      current.push(distance);
    }
    beforeLast = last;
    last = current;
  }
  return cell(last, to.length);
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
