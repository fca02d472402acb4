/** Times as people say them, in their own language and zone. */

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const shortWeekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

const day_ms = 86_400_000;

function midnight(time: Date): Date {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate());
}

export function sameDay(one: Date, other: Date): boolean {
  return midnight(one).getTime() === midnight(other).getTime();
}

export function clockTime(time: Date): string {
  return clock.format(time);
}

export function fullTime(time: Date): string {
  return full.format(time);
}

/** "Today", "Yesterday", "Tuesday, 3 November", "3 November 2025". */
export function dayName(time: Date, now = new Date()): string {
  // Rounded, for a day with a change of the clocks has 23 or 25 hours.
  const days = Math.round((midnight(time).getTime() - midnight(now).getTime()) / day_ms);
  if (days === 0 || days === -1) {
    const words = relative.format(days, "day");
    return words.charAt(0).toLocaleUpperCase() + words.slice(1);
  }
  return time.getFullYear() === now.getFullYear() ? weekday.format(time) : date.format(time);
}

/** A moment soon or late: "14:30" today, "25 November, 14:30" later. */
export function momentWords(time: Date, now = new Date()): string {
  return sameDay(time, now) ? clock.format(time) : `${dayName(time, now)}, ${clock.format(time)}`;
}

/** When something last happened, as short as a list wants it: "14:30", "Tue", "3 Nov". */
export function shortTime(time: Date, now = new Date()): string {
  const days = Math.round((midnight(now).getTime() - midnight(time).getTime()) / day_ms);
  if (days <= 0) return clock.format(time);
  return days < 7 ? shortWeekday.format(time) : shortDate.format(time);
}
