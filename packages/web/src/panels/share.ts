/** @returns what to tell the person */
export async function shareAddress(): Promise<string> {
  try {
    await navigator.clipboard.writeText(location.href);
    return "The address is copied: whoever opens it sees this experiment.";
  } catch {
    return "Copy the address of this page: whoever opens it sees this experiment.";
  }
}
