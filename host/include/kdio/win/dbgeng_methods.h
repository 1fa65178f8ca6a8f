/* SPDX-License-Identifier: MIT */
/*
 * dbgeng_methods.h: the methods of the debugger interfaces, in the order of their tables, and what each does in kdio.
 *
 * The C and C++ declarations in dbgeng.h, the library's function tables and the layout tests all come from these lists,
 * so what the third column says is what happens. Order and signatures are Windows'.
 *
 * X(slot, method, what it does here, parameters), after the three methods of IUnknown (slots 0 to 2):
 *     WORKS               does its work (dbgeng.h says how, and which HRESULTs it returns)
 *     ABSENT              returns E_NOTIMPL and touches nothing
 *     ABSENT_1(out), ...  returns E_NOTIMPL and stores 0 where these are given: counts, sizes and interfaces, so that a
 *                         caller that overlooks the HRESULT takes nothing for something
 */
#ifndef KDIO_WIN_DBGENG_METHODS_H
#define KDIO_WIN_DBGENG_METHODS_H

#define KDIO_DEBUG_CLIENT_METHODS(X) \
    X(3, AttachKernel, WORKS, (THIS_ ULONG Flags, PCSTR ConnectOptions)) \
    X(4, GetKernelConnectionOptions, WORKS, (THIS_ PSTR Buffer, ULONG BufferSize, PULONG OptionsSize)) \
    X(5, SetKernelConnectionOptions, ABSENT, (THIS_ PCSTR Options)) \
    X(6, StartProcessServer, ABSENT, (THIS_ ULONG Flags, PCSTR Options, PVOID Reserved)) \
    X(7, ConnectProcessServer, ABSENT, (THIS_ PCSTR RemoteOptions, PULONG64 Server)) \
    X(8, DisconnectProcessServer, ABSENT, (THIS_ ULONG64 Server)) \
    X(9, GetRunningProcessSystemIds, ABSENT_1(ActualCount), \
      (THIS_ ULONG64 Server, PULONG Ids, ULONG Count, PULONG ActualCount)) \
    X(10, GetRunningProcessSystemIdByExecutableName, ABSENT, \
      (THIS_ ULONG64 Server, PCSTR ExeName, ULONG Flags, PULONG Id)) \
    X(11, GetRunningProcessDescription, ABSENT_2(ActualExeNameSize, ActualDescriptionSize), \
      (THIS_ ULONG64 Server, ULONG SystemId, ULONG Flags, PSTR ExeName, ULONG ExeNameSize, \
       PULONG ActualExeNameSize, PSTR Description, ULONG DescriptionSize, PULONG ActualDescriptionSize)) \
    X(12, AttachProcess, ABSENT, (THIS_ ULONG64 Server, ULONG ProcessId, ULONG AttachFlags)) \
    X(13, CreateProcess, ABSENT, (THIS_ ULONG64 Server, PSTR CommandLine, ULONG CreateFlags)) \
    X(14, CreateProcessAndAttach, ABSENT, \
      (THIS_ ULONG64 Server, PSTR CommandLine, ULONG CreateFlags, ULONG ProcessId, ULONG AttachFlags)) \
    X(15, GetProcessOptions, ABSENT, (THIS_ PULONG Options)) \
    X(16, AddProcessOptions, ABSENT, (THIS_ ULONG Options)) \
    X(17, RemoveProcessOptions, ABSENT, (THIS_ ULONG Options)) \
    X(18, SetProcessOptions, ABSENT, (THIS_ ULONG Options)) \
    X(19, OpenDumpFile, ABSENT, (THIS_ PCSTR DumpFile)) \
    X(20, WriteDumpFile, ABSENT, (THIS_ PCSTR DumpFile, ULONG Qualifier)) \
    X(21, ConnectSession, ABSENT, (THIS_ ULONG Flags, ULONG HistoryLimit)) \
    X(22, StartServer, ABSENT, (THIS_ PCSTR Options)) \
    X(23, OutputServers, ABSENT, (THIS_ ULONG OutputControl, PCSTR Machine, ULONG Flags)) \
    X(24, TerminateProcesses, ABSENT, (THIS)) \
    X(25, DetachProcesses, ABSENT, (THIS)) \
    X(26, EndSession, WORKS, (THIS_ ULONG Flags)) \
    X(27, GetExitCode, ABSENT, (THIS_ PULONG Code)) \
    X(28, DispatchCallbacks, ABSENT, (THIS_ ULONG Timeout)) \
    X(29, ExitDispatch, ABSENT, (THIS_ PDEBUG_CLIENT Client)) \
    X(30, CreateClient, ABSENT_1(Client), (THIS_ PDEBUG_CLIENT *Client)) \
    X(31, GetInputCallbacks, ABSENT_1(Callbacks), (THIS_ PDEBUG_INPUT_CALLBACKS *Callbacks)) \
    X(32, SetInputCallbacks, ABSENT, (THIS_ PDEBUG_INPUT_CALLBACKS Callbacks)) \
    X(33, GetOutputCallbacks, WORKS, (THIS_ PDEBUG_OUTPUT_CALLBACKS *Callbacks)) \
    X(34, SetOutputCallbacks, WORKS, (THIS_ PDEBUG_OUTPUT_CALLBACKS Callbacks)) \
    X(35, GetOutputMask, WORKS, (THIS_ PULONG Mask)) \
    X(36, SetOutputMask, WORKS, (THIS_ ULONG Mask)) \
    X(37, GetOtherOutputMask, ABSENT, (THIS_ PDEBUG_CLIENT Client, PULONG Mask)) \
    X(38, SetOtherOutputMask, ABSENT, (THIS_ PDEBUG_CLIENT Client, ULONG Mask)) \
    X(39, GetOutputWidth, ABSENT, (THIS_ PULONG Columns)) \
    X(40, SetOutputWidth, ABSENT, (THIS_ ULONG Columns)) \
    X(41, GetOutputLinePrefix, ABSENT_1(PrefixSize), (THIS_ PSTR Buffer, ULONG BufferSize, PULONG PrefixSize)) \
    X(42, SetOutputLinePrefix, ABSENT, (THIS_ PCSTR Prefix)) \
    X(43, GetIdentity, ABSENT_1(IdentitySize), (THIS_ PSTR Buffer, ULONG BufferSize, PULONG IdentitySize)) \
    X(44, OutputIdentity, ABSENT, (THIS_ ULONG OutputControl, ULONG Flags, PCSTR Format)) \
    X(45, GetEventCallbacks, ABSENT_1(Callbacks), (THIS_ PDEBUG_EVENT_CALLBACKS *Callbacks)) \
    X(46, SetEventCallbacks, ABSENT, (THIS_ PDEBUG_EVENT_CALLBACKS Callbacks)) \
    X(47, FlushCallbacks, WORKS, (THIS))

#define KDIO_DEBUG_CONTROL_METHODS(X) \
    X(3, GetInterrupt, WORKS, (THIS)) \
    X(4, SetInterrupt, WORKS, (THIS_ ULONG Flags)) \
    X(5, GetInterruptTimeout, ABSENT, (THIS_ PULONG Seconds)) \
    X(6, SetInterruptTimeout, ABSENT, (THIS_ ULONG Seconds)) \
    X(7, GetLogFile, ABSENT_1(FileSize), (THIS_ PSTR Buffer, ULONG BufferSize, PULONG FileSize, PBOOL Append)) \
    X(8, OpenLogFile, ABSENT, (THIS_ PCSTR File, BOOL Append)) \
    X(9, CloseLogFile, ABSENT, (THIS)) \
    X(10, GetLogMask, ABSENT, (THIS_ PULONG Mask)) \
    X(11, SetLogMask, ABSENT, (THIS_ ULONG Mask)) \
    X(12, Input, ABSENT_1(InputSize), (THIS_ PSTR Buffer, ULONG BufferSize, PULONG InputSize)) \
    X(13, ReturnInput, ABSENT, (THIS_ PCSTR Buffer)) \
    X(14, Output, WORKS, (THIS_ ULONG Mask, PCSTR Format, ...)) \
    X(15, OutputVaList, WORKS, (THIS_ ULONG Mask, PCSTR Format, va_list Args)) \
    X(16, ControlledOutput, WORKS, (THIS_ ULONG OutputControl, ULONG Mask, PCSTR Format, ...)) \
    X(17, ControlledOutputVaList, WORKS, (THIS_ ULONG OutputControl, ULONG Mask, PCSTR Format, va_list Args)) \
    X(18, OutputPrompt, ABSENT, (THIS_ ULONG OutputControl, PCSTR Format, ...)) \
    X(19, OutputPromptVaList, ABSENT, (THIS_ ULONG OutputControl, PCSTR Format, va_list Args)) \
    X(20, GetPromptText, ABSENT_1(TextSize), (THIS_ PSTR Buffer, ULONG BufferSize, PULONG TextSize)) \
    X(21, OutputCurrentState, ABSENT, (THIS_ ULONG OutputControl, ULONG Flags)) \
    X(22, OutputVersionInformation, ABSENT, (THIS_ ULONG OutputControl)) \
    X(23, GetNotifyEventHandle, ABSENT, (THIS_ PULONG64 Handle)) \
    X(24, SetNotifyEventHandle, ABSENT, (THIS_ ULONG64 Handle)) \
    X(25, Assemble, ABSENT, (THIS_ ULONG64 Offset, PCSTR Instr, PULONG64 EndOffset)) \
    X(26, Disassemble, ABSENT_1(DisassemblySize), \
      (THIS_ ULONG64 Offset, ULONG Flags, PSTR Buffer, ULONG BufferSize, PULONG DisassemblySize, \
       PULONG64 EndOffset)) \
    X(27, GetDisassembleEffectiveOffset, ABSENT, (THIS_ PULONG64 Offset)) \
    X(28, OutputDisassembly, ABSENT, (THIS_ ULONG OutputControl, ULONG64 Offset, ULONG Flags, PULONG64 EndOffset)) \
    X(29, OutputDisassemblyLines, ABSENT, \
      (THIS_ ULONG OutputControl, ULONG PreviousLines, ULONG TotalLines, ULONG64 Offset, ULONG Flags, \
       PULONG OffsetLine, PULONG64 StartOffset, PULONG64 EndOffset, PULONG64 LineOffsets)) \
    X(30, GetNearInstruction, ABSENT, (THIS_ ULONG64 Offset, LONG Delta, PULONG64 NearOffset)) \
    X(31, GetStackTrace, ABSENT_1(FramesFilled), \
      (THIS_ ULONG64 FrameOffset, ULONG64 StackOffset, ULONG64 InstructionOffset, PDEBUG_STACK_FRAME Frames, \
       ULONG FramesSize, PULONG FramesFilled)) \
    X(32, GetReturnOffset, ABSENT, (THIS_ PULONG64 Offset)) \
    X(33, OutputStackTrace, ABSENT, \
      (THIS_ ULONG OutputControl, PDEBUG_STACK_FRAME Frames, ULONG FramesSize, ULONG Flags)) \
    X(34, GetDebuggeeType, WORKS, (THIS_ PULONG Class, PULONG Qualifier)) \
    X(35, GetActualProcessorType, WORKS, (THIS_ PULONG Type)) \
    X(36, GetExecutingProcessorType, WORKS, (THIS_ PULONG Type)) \
    X(37, GetNumberPossibleExecutingProcessorTypes, ABSENT, (THIS_ PULONG Number)) \
    X(38, GetPossibleExecutingProcessorTypes, ABSENT, (THIS_ ULONG Start, ULONG Count, PULONG Types)) \
    X(39, GetNumberProcessors, WORKS, (THIS_ PULONG Number)) \
    X(40, GetSystemVersion, ABSENT_2(ServicePackStringUsed, BuildStringUsed), \
      (THIS_ PULONG PlatformId, PULONG Major, PULONG Minor, PSTR ServicePackString, ULONG ServicePackStringSize, \
       PULONG ServicePackStringUsed, PULONG ServicePackNumber, PSTR BuildString, ULONG BuildStringSize, \
       PULONG BuildStringUsed)) \
    X(41, GetPageSize, WORKS, (THIS_ PULONG Size)) \
    X(42, IsPointer64Bit, WORKS, (THIS)) \
    X(43, ReadBugCheckData, ABSENT, (THIS_ PULONG Code, PULONG64 Arg1, PULONG64 Arg2, PULONG64 Arg3, PULONG64 Arg4)) \
    X(44, GetNumberSupportedProcessorTypes, ABSENT, (THIS_ PULONG Number)) \
    X(45, GetSupportedProcessorTypes, ABSENT, (THIS_ ULONG Start, ULONG Count, PULONG Types)) \
    X(46, GetProcessorTypeNames, ABSENT_2(FullNameSize, AbbrevNameSize), \
      (THIS_ ULONG Type, PSTR FullNameBuffer, ULONG FullNameBufferSize, PULONG FullNameSize, PSTR AbbrevNameBuffer, \
       ULONG AbbrevNameBufferSize, PULONG AbbrevNameSize)) \
    X(47, GetEffectiveProcessorType, WORKS, (THIS_ PULONG Type)) \
    X(48, SetEffectiveProcessorType, ABSENT, (THIS_ ULONG Type)) \
    X(49, GetExecutionStatus, WORKS, (THIS_ PULONG Status)) \
    X(50, SetExecutionStatus, ABSENT, (THIS_ ULONG Status)) \
    X(51, GetCodeLevel, ABSENT, (THIS_ PULONG Level)) \
    X(52, SetCodeLevel, ABSENT, (THIS_ ULONG Level)) \
    X(53, GetEngineOptions, ABSENT, (THIS_ PULONG Options)) \
    X(54, AddEngineOptions, ABSENT, (THIS_ ULONG Options)) \
    X(55, RemoveEngineOptions, ABSENT, (THIS_ ULONG Options)) \
    X(56, SetEngineOptions, ABSENT, (THIS_ ULONG Options)) \
    X(57, GetSystemErrorControl, ABSENT, (THIS_ PULONG OutputLevel, PULONG BreakLevel)) \
    X(58, SetSystemErrorControl, ABSENT, (THIS_ ULONG OutputLevel, ULONG BreakLevel)) \
    X(59, GetTextMacro, ABSENT_1(MacroSize), (THIS_ ULONG Slot, PSTR Buffer, ULONG BufferSize, PULONG MacroSize)) \
    X(60, SetTextMacro, ABSENT, (THIS_ ULONG Slot, PCSTR Macro)) \
    X(61, GetRadix, WORKS, (THIS_ PULONG Radix)) \
    X(62, SetRadix, WORKS, (THIS_ ULONG Radix)) \
    X(63, Evaluate, WORKS, (THIS_ PCSTR Expression, ULONG DesiredType, PDEBUG_VALUE Value, PULONG RemainderIndex)) \
    X(64, CoerceValue, WORKS, (THIS_ PDEBUG_VALUE In, ULONG OutType, PDEBUG_VALUE Out)) \
    X(65, CoerceValues, WORKS, (THIS_ ULONG Count, PDEBUG_VALUE In, PULONG OutTypes, PDEBUG_VALUE Out)) \
    X(66, Execute, WORKS, (THIS_ ULONG OutputControl, PCSTR Command, ULONG Flags)) \
    X(67, ExecuteCommandFile, WORKS, (THIS_ ULONG OutputControl, PCSTR CommandFile, ULONG Flags)) \
    X(68, GetNumberBreakpoints, ABSENT, (THIS_ PULONG Number)) \
    X(69, GetBreakpointByIndex, ABSENT_1(Bp), (THIS_ ULONG Index, PDEBUG_BREAKPOINT *Bp)) \
    X(70, GetBreakpointById, ABSENT_1(Bp), (THIS_ ULONG Id, PDEBUG_BREAKPOINT *Bp)) \
    X(71, GetBreakpointParameters, ABSENT, \
      (THIS_ ULONG Count, PULONG Ids, ULONG Start, PDEBUG_BREAKPOINT_PARAMETERS Params)) \
    X(72, AddBreakpoint, ABSENT_1(Bp), (THIS_ ULONG Type, ULONG DesiredId, PDEBUG_BREAKPOINT *Bp)) \
    X(73, RemoveBreakpoint, ABSENT, (THIS_ PDEBUG_BREAKPOINT Bp)) \
    X(74, AddExtension, WORKS, (THIS_ PCSTR Path, ULONG Flags, PULONG64 Handle)) \
    X(75, RemoveExtension, WORKS, (THIS_ ULONG64 Handle)) \
    X(76, GetExtensionByPath, WORKS, (THIS_ PCSTR Path, PULONG64 Handle)) \
    X(77, CallExtension, WORKS, (THIS_ ULONG64 Handle, PCSTR Function, PCSTR Arguments)) \
    X(78, GetExtensionFunction, WORKS, (THIS_ ULONG64 Handle, PCSTR FuncName, FARPROC *Function)) \
    X(79, GetWindbgExtensionApis32, WORKS, (THIS_ PWINDBG_EXTENSION_APIS32 Api)) \
    X(80, GetWindbgExtensionApis64, WORKS, (THIS_ PWINDBG_EXTENSION_APIS64 Api)) \
    X(81, GetNumberEventFilters, ABSENT, \
      (THIS_ PULONG SpecificEvents, PULONG SpecificExceptions, PULONG ArbitraryExceptions)) \
    X(82, GetEventFilterText, ABSENT_1(TextSize), \
      (THIS_ ULONG Index, PSTR Buffer, ULONG BufferSize, PULONG TextSize)) \
    X(83, GetEventFilterCommand, ABSENT_1(CommandSize), \
      (THIS_ ULONG Index, PSTR Buffer, ULONG BufferSize, PULONG CommandSize)) \
    X(84, SetEventFilterCommand, ABSENT, (THIS_ ULONG Index, PCSTR Command)) \
    X(85, GetSpecificFilterParameters, ABSENT, \
      (THIS_ ULONG Start, ULONG Count, PDEBUG_SPECIFIC_FILTER_PARAMETERS Params)) \
    X(86, SetSpecificFilterParameters, ABSENT, \
      (THIS_ ULONG Start, ULONG Count, PDEBUG_SPECIFIC_FILTER_PARAMETERS Params)) \
    X(87, GetSpecificFilterArgument, ABSENT_1(ArgumentSize), \
      (THIS_ ULONG Index, PSTR Buffer, ULONG BufferSize, PULONG ArgumentSize)) \
    X(88, SetSpecificFilterArgument, ABSENT, (THIS_ ULONG Index, PCSTR Argument)) \
    X(89, GetExceptionFilterParameters, ABSENT, \
      (THIS_ ULONG Count, PULONG Codes, ULONG Start, PDEBUG_EXCEPTION_FILTER_PARAMETERS Params)) \
    X(90, SetExceptionFilterParameters, ABSENT, (THIS_ ULONG Count, PDEBUG_EXCEPTION_FILTER_PARAMETERS Params)) \
    X(91, GetExceptionFilterSecondCommand, ABSENT_1(CommandSize), \
      (THIS_ ULONG Index, PSTR Buffer, ULONG BufferSize, PULONG CommandSize)) \
    X(92, SetExceptionFilterSecondCommand, ABSENT, (THIS_ ULONG Index, PCSTR Command)) \
    X(93, WaitForEvent, WORKS, (THIS_ ULONG Flags, ULONG Timeout)) \
    X(94, GetLastEventInformation, ABSENT_2(ExtraInformationUsed, DescriptionUsed), \
      (THIS_ PULONG Type, PULONG ProcessId, PULONG ThreadId, PVOID ExtraInformation, ULONG ExtraInformationSize, \
       PULONG ExtraInformationUsed, PSTR Description, ULONG DescriptionSize, PULONG DescriptionUsed))

#define KDIO_DEBUG_REGISTERS_METHODS(X) \
    X(3, GetNumberRegisters, WORKS, (THIS_ PULONG Number)) \
    X(4, GetDescription, WORKS, \
      (THIS_ ULONG Register, PSTR NameBuffer, ULONG NameBufferSize, PULONG NameSize, \
       PDEBUG_REGISTER_DESCRIPTION Desc)) \
    X(5, GetIndexByName, WORKS, (THIS_ PCSTR Name, PULONG Index)) \
    X(6, GetValue, WORKS, (THIS_ ULONG Register, PDEBUG_VALUE Value)) \
    X(7, SetValue, ABSENT, (THIS_ ULONG Register, PDEBUG_VALUE Value)) \
    X(8, GetValues, WORKS, (THIS_ ULONG Count, PULONG Indices, ULONG Start, PDEBUG_VALUE Values)) \
    X(9, SetValues, ABSENT, (THIS_ ULONG Count, PULONG Indices, ULONG Start, PDEBUG_VALUE Values)) \
    X(10, OutputRegisters, WORKS, (THIS_ ULONG OutputControl, ULONG Flags)) \
    X(11, GetInstructionOffset, ABSENT, (THIS_ PULONG64 Offset)) \
    X(12, GetStackOffset, ABSENT, (THIS_ PULONG64 Offset)) \
    X(13, GetFrameOffset, ABSENT, (THIS_ PULONG64 Offset))

/* In kernel mode a thread stands for a processor, and there is one process. */
#define KDIO_DEBUG_SYSTEM_OBJECTS_METHODS(X) \
    X(3, GetEventThread, WORKS, (THIS_ PULONG Id)) \
    X(4, GetEventProcess, WORKS, (THIS_ PULONG Id)) \
    X(5, GetCurrentThreadId, WORKS, (THIS_ PULONG Id)) \
    X(6, SetCurrentThreadId, WORKS, (THIS_ ULONG Id)) \
    X(7, GetCurrentProcessId, WORKS, (THIS_ PULONG Id)) \
    X(8, SetCurrentProcessId, WORKS, (THIS_ ULONG Id)) \
    X(9, GetNumberThreads, WORKS, (THIS_ PULONG Number)) \
    X(10, GetTotalNumberThreads, WORKS, (THIS_ PULONG Total, PULONG LargestProcess)) \
    X(11, GetThreadIdsByIndex, WORKS, (THIS_ ULONG Start, ULONG Count, PULONG Ids, PULONG SysIds)) \
    X(12, GetThreadIdByProcessor, WORKS, (THIS_ ULONG Processor, PULONG Id)) \
    X(13, GetCurrentThreadDataOffset, ABSENT, (THIS_ PULONG64 Offset)) \
    X(14, GetThreadIdByDataOffset, ABSENT, (THIS_ ULONG64 Offset, PULONG Id)) \
    X(15, GetCurrentThreadTeb, ABSENT, (THIS_ PULONG64 Offset)) \
    X(16, GetThreadIdByTeb, ABSENT, (THIS_ ULONG64 Offset, PULONG Id)) \
    X(17, GetCurrentThreadSystemId, ABSENT, (THIS_ PULONG SysId)) \
    X(18, GetThreadIdBySystemId, ABSENT, (THIS_ ULONG SysId, PULONG Id)) \
    X(19, GetCurrentThreadHandle, ABSENT, (THIS_ PULONG64 Handle)) \
    X(20, GetThreadIdByHandle, ABSENT, (THIS_ ULONG64 Handle, PULONG Id)) \
    X(21, GetNumberProcesses, WORKS, (THIS_ PULONG Number)) \
    X(22, GetProcessIdsByIndex, WORKS, (THIS_ ULONG Start, ULONG Count, PULONG Ids, PULONG SysIds)) \
    X(23, GetCurrentProcessDataOffset, ABSENT, (THIS_ PULONG64 Offset)) \
    X(24, GetProcessIdByDataOffset, ABSENT, (THIS_ ULONG64 Offset, PULONG Id)) \
    X(25, GetCurrentProcessPeb, ABSENT, (THIS_ PULONG64 Offset)) \
    X(26, GetProcessIdByPeb, ABSENT, (THIS_ ULONG64 Offset, PULONG Id)) \
    X(27, GetCurrentProcessSystemId, ABSENT, (THIS_ PULONG SysId)) \
    X(28, GetProcessIdBySystemId, ABSENT, (THIS_ ULONG SysId, PULONG Id)) \
    X(29, GetCurrentProcessHandle, ABSENT, (THIS_ PULONG64 Handle)) \
    X(30, GetProcessIdByHandle, ABSENT, (THIS_ ULONG64 Handle, PULONG Id)) \
    X(31, GetCurrentProcessExecutableName, ABSENT_1(ExeSize), (THIS_ PSTR Buffer, ULONG BufferSize, PULONG ExeSize))

#define KDIO_DEBUG_DATA_SPACES_METHODS(X) \
    X(3, ReadVirtual, WORKS, (THIS_ ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesRead)) \
    X(4, WriteVirtual, WORKS, \
      (THIS_ ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesWritten)) \
    X(5, SearchVirtual, WORKS, \
      (THIS_ ULONG64 Offset, ULONG64 Length, PVOID Pattern, ULONG PatternSize, ULONG PatternGranularity, \
       PULONG64 MatchOffset)) \
    X(6, ReadVirtualUncached, WORKS, \
      (THIS_ ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesRead)) \
    X(7, WriteVirtualUncached, WORKS, \
      (THIS_ ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesWritten)) \
    X(8, ReadPointersVirtual, WORKS, (THIS_ ULONG Count, ULONG64 Offset, PULONG64 Ptrs)) \
    X(9, WritePointersVirtual, WORKS, (THIS_ ULONG Count, ULONG64 Offset, PULONG64 Ptrs)) \
    X(10, ReadPhysical, WORKS, \
      (THIS_ ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesRead)) \
    X(11, WritePhysical, WORKS, \
      (THIS_ ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesWritten)) \
    X(12, ReadControl, WORKS, \
      (THIS_ ULONG Processor, ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesRead)) \
    X(13, WriteControl, WORKS, \
      (THIS_ ULONG Processor, ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesWritten)) \
    X(14, ReadIo, WORKS, \
      (THIS_ ULONG InterfaceType, ULONG BusNumber, ULONG AddressSpace, ULONG64 Offset, PVOID Buffer, \
       ULONG BufferSize, PULONG BytesRead)) \
    X(15, WriteIo, WORKS, \
      (THIS_ ULONG InterfaceType, ULONG BusNumber, ULONG AddressSpace, ULONG64 Offset, PVOID Buffer, \
       ULONG BufferSize, PULONG BytesWritten)) \
    X(16, ReadMsr, WORKS, (THIS_ ULONG Msr, PULONG64 Value)) \
    X(17, WriteMsr, WORKS, (THIS_ ULONG Msr, ULONG64 Value)) \
    X(18, ReadBusData, WORKS, \
      (THIS_ ULONG BusDataType, ULONG BusNumber, ULONG SlotNumber, ULONG Offset, PVOID Buffer, ULONG BufferSize, \
       PULONG BytesRead)) \
    X(19, WriteBusData, WORKS, \
      (THIS_ ULONG BusDataType, ULONG BusNumber, ULONG SlotNumber, ULONG Offset, PVOID Buffer, ULONG BufferSize, \
       PULONG BytesWritten)) \
    X(20, CheckLowMemory, WORKS, (THIS)) \
    X(21, ReadDebuggerData, WORKS, \
      (THIS_ ULONG Index, PVOID Buffer, ULONG BufferSize, PULONG DataSize)) \
    X(22, ReadProcessorSystemData, WORKS, \
      (THIS_ ULONG Processor, ULONG Index, PVOID Buffer, ULONG BufferSize, PULONG DataSize))

#define KDIO_DEBUG_DATA_SPACES2_METHODS(X) \
    X(23, VirtualToPhysical, WORKS, (THIS_ ULONG64 Virtual, PULONG64 Physical)) \
    X(24, GetVirtualTranslationPhysicalOffsets, WORKS, \
      (THIS_ ULONG64 Virtual, PULONG64 Offsets, ULONG OffsetsSize, PULONG Levels)) \
    X(25, ReadHandleData, WORKS, \
      (THIS_ ULONG64 Handle, ULONG DataType, PVOID Buffer, ULONG BufferSize, PULONG DataSize)) \
    X(26, FillVirtual, WORKS, \
      (THIS_ ULONG64 Start, ULONG Size, PVOID Pattern, ULONG PatternSize, PULONG Filled)) \
    X(27, FillPhysical, WORKS, \
      (THIS_ ULONG64 Start, ULONG Size, PVOID Pattern, ULONG PatternSize, PULONG Filled)) \
    X(28, QueryVirtual, WORKS, (THIS_ ULONG64 Offset, PMEMORY_BASIC_INFORMATION64 Info))

#define KDIO_DEBUG_DATA_SPACES3_METHODS(X) \
    X(29, ReadImageNtHeaders, WORKS, (THIS_ ULONG64 ImageBase, PIMAGE_NT_HEADERS64 Headers)) \
    X(30, ReadTagged, WORKS, \
      (THIS_ LPGUID Tag, ULONG Offset, PVOID Buffer, ULONG BufferSize, PULONG TotalSize)) \
    X(31, StartEnumTagged, WORKS, (THIS_ PULONG64 Handle)) \
    X(32, GetNextTagged, WORKS, (THIS_ ULONG64 Handle, LPGUID Tag, PULONG Size)) \
    X(33, EndEnumTagged, WORKS, (THIS_ ULONG64 Handle))

#define KDIO_DEBUG_DATA_SPACES4_METHODS(X) \
    X(34, GetOffsetInformation, WORKS, \
      (THIS_ ULONG Space, ULONG Which, ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG InfoSize)) \
    X(35, GetNextDifferentlyValidOffsetVirtual, WORKS, (THIS_ ULONG64 Offset, PULONG64 NextOffset)) \
    X(36, GetValidRegionVirtual, WORKS, \
      (THIS_ ULONG64 Base, ULONG Size, PULONG64 ValidBase, PULONG ValidSize)) \
    X(37, SearchVirtual2, WORKS, \
      (THIS_ ULONG64 Offset, ULONG64 Length, ULONG Flags, PVOID Pattern, ULONG PatternSize, \
       ULONG PatternGranularity, PULONG64 MatchOffset)) \
    X(38, ReadMultiByteStringVirtual, WORKS, \
      (THIS_ ULONG64 Offset, ULONG MaxBytes, PSTR Buffer, ULONG BufferSize, PULONG StringBytes)) \
    X(39, ReadMultiByteStringVirtualWide, WORKS, \
      (THIS_ ULONG64 Offset, ULONG MaxBytes, ULONG CodePage, PWSTR Buffer, ULONG BufferSize, PULONG StringBytes)) \
    X(40, ReadUnicodeStringVirtual, WORKS, \
      (THIS_ ULONG64 Offset, ULONG MaxBytes, ULONG CodePage, PSTR Buffer, ULONG BufferSize, PULONG StringBytes)) \
    X(41, ReadUnicodeStringVirtualWide, WORKS, \
      (THIS_ ULONG64 Offset, ULONG MaxBytes, PWSTR Buffer, ULONG BufferSize, PULONG StringBytes)) \
    X(42, ReadPhysical2, WORKS, \
      (THIS_ ULONG64 Offset, ULONG Flags, PVOID Buffer, ULONG BufferSize, PULONG BytesRead)) \
    X(43, WritePhysical2, WORKS, \
      (THIS_ ULONG64 Offset, ULONG Flags, PVOID Buffer, ULONG BufferSize, PULONG BytesWritten))

#endif
